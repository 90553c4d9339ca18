/**
 * Prints the sizes of the npm package, compressed as they are downloaded, and fails above a ceiling: what they are today
 * and a little more, so that growth is noticed. The aim is 50,000 for the WebAssembly and 80,000 for all.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { machinePaths } from "./machine-paths.mjs";

const PKG = fileURLToPath(new URL("../pkg", import.meta.url));
const CEILINGS = { wasm: 58_900, tarball: 87_100 };

const packed = JSON.parse(execFileSync("npm", ["pack", PKG, "--dry-run", "--json", "--loglevel=error"], { encoding: "utf8" }));
const [{ size, files }] = Array.isArray(packed) ? packed : Object.values(packed);
const wasm = readFileSync(`${PKG}/wasm/redrive.wasm`);
const sizes = { wasm: gzipSync(wasm, { level: 9 }).length, tarball: size };

for (const [name, bytes] of Object.entries(sizes)) {
  console.log(name.padEnd(8), String(bytes).padStart(8), "of", CEILINGS[name]);
  if (bytes > CEILINGS[name]) process.exitCode = 1;
}
const blobs = files.filter(({ path }) => path.endsWith(".wasm")).length;
if (blobs !== 1) {
  console.error(`The package must have one WebAssembly file and has ${blobs}.`);
  process.exitCode = 1;
}
for (const folder of machinePaths(wasm)) {
  console.error(`The WebAssembly names a folder of this machine: ${folder}`);
  process.exitCode = 1;
}
