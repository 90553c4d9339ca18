/**
 * Prints the sizes of the npm package, compressed as they are downloaded, and fails above a ceiling: what they are today
 * and a little more, so that growth is noticed. The aim is 50,000 for the WebAssembly and 80,000 for all.
 */
import { machinePaths } from "./machine-paths.mjs";
import { npmPackage } from "./sizes.mjs";

const CEILINGS = { wasm: 60_100, tarball: 89_500 };

const { wasm, sizes, paths } = npmPackage();
for (const [name, bytes] of Object.entries(sizes)) {
  console.log(name.padEnd(8), String(bytes).padStart(8), "of", CEILINGS[name]);
  if (bytes > CEILINGS[name]) process.exitCode = 1;
}
const blobs = paths.filter((path) => path.endsWith(".wasm")).length;
if (blobs !== 1) {
  console.error(`The package must have one WebAssembly file and has ${blobs}.`);
  process.exitCode = 1;
}
for (const folder of machinePaths(wasm)) {
  console.error(`The WebAssembly names a folder of this machine: ${folder}`);
  process.exitCode = 1;
}
