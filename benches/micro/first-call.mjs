/** One process of cold.mjs: imports a package, verifies once, and prints milliseconds. */
import { KEYS } from "./parts.mjs";

const [from, request] = process.argv.slice(2);

let compile = 0;
const { Module } = WebAssembly;
WebAssembly.Module = function (...bytes) {
  const begun = performance.now();
  const module = new Module(...bytes);
  compile += performance.now() - begun;
  return module;
};

const begun = performance.now();
const { Receiver } = await import(from);
const imported = performance.now();
if ((await new Receiver(KEYS).verify(JSON.parse(request))) !== true) throw new Error("a good token was refused");
const first = performance.now() - imported;
console.log(JSON.stringify({ import: imported - begun, first, compile }));
