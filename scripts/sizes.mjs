/** What is built, and how large it is: raw, and compressed as it is uploaded or downloaded. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUILD = new URL("../build/", import.meta.url);
const PKG = fileURLToPath(new URL("../pkg", import.meta.url));
const OF_THE_WORKER = ["index_bg.wasm", "index.js", "worker/shim.mjs"];

const gzip = (bytes) => gzipSync(bytes, { level: 9 }).length;

/** @returns {{ name: string, bytes: Buffer, raw: number, gzip: number }[]} the files of the deployable Worker in build/ */
export function workerFiles() {
  return OF_THE_WORKER.map((name) => {
    const bytes = readFileSync(new URL(name, BUILD));
    return { name, bytes, raw: bytes.length, gzip: gzip(bytes) };
  });
}

/** @returns {{ wasm: Buffer, sizes: { wasm: number, tarball: number }, paths: string[] }} the npm package in pkg/, and the files that it packs */
export function npmPackage() {
  const packed = JSON.parse(execFileSync("npm", ["pack", PKG, "--dry-run", "--json", "--loglevel=error"], { encoding: "utf8" }));
  const [{ size, files }] = Array.isArray(packed) ? packed : Object.values(packed);
  const wasm = readFileSync(`${PKG}/wasm/redrive.wasm`);
  return { wasm, sizes: { wasm: gzip(wasm), tarball: size }, paths: files.map(({ path }) => path) };
}
