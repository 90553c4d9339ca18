#!/usr/bin/env node
/**
 * wasm-bindgen, and then without the classes that the `worker` crate exports whether they are used or not: containers,
 * R2, streams. No export of a library can be left out when it is linked, so that they go here, together with what they
 * alone called. A class of the list that the rest of the glue names is in use and stays.
 *
 * For a crate with an entry of its own (WORKER_ENTRY), the bindings are changed to tell it when their instance ends.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { mortal } from "./mortal-glue.mjs";

const UNUSED = [
  "ContainerStartupOptions",
  "IntoUnderlyingByteSource",
  "IntoUnderlyingSink",
  "IntoUnderlyingSource",
  "MinifyConfig",
  "R2Range",
];
/** What rustc and wasm-bindgen build with. */
const FEATURES = [
  "bulk-memory", "exception-handling", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types",
  "sign-ext",
];
const root = fileURLToPath(new URL("..", import.meta.url));
const args = process.argv.slice(2);

execFileSync(`${root}/target/tools/bin/wasm-bindgen`, args, { stdio: "inherit" });
const out = option("--out-dir");
const script = `${out}/${option("--out-name")}.js`;
if (out) trim(script, `${out}/${option("--out-name")}_bg.wasm`);
if (out && process.env.WORKER_ENTRY) writeFileSync(script, mortal(readFileSync(script, "utf8")));

function option(name) {
  return args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
}

function trim(script, wasm) {
  const whole = readFileSync(script, "utf8");
  const kept = UNUSED.reduce(withoutClass, whole);
  const dead = [...exportsNamed(whole)].filter((name) => !exportsNamed(kept).has(name));
  if (dead.length === 0) return;

  const names = parts(wasm, "exports").filter((name) => !dead.includes(name));
  const graph = [{ name: "outside", reaches: names, root: true }, ...names.map((name) => ({ name, export: name }))];
  const described = `${wasm}.graph`;
  writeFileSync(described, JSON.stringify(graph));
  execFileSync(
    `${root}/node_modules/.bin/wasm-metadce`,
    [wasm, "--graph-file", described, "--output", wasm, "--debuginfo", ...FEATURES.map((name) => `--enable-${name}`)],
    { stdio: ["ignore", "ignore", "inherit"] },
  );
  rmSync(described);

  const imports = parts(wasm, "imports");
  const glue = kept.replace(/^ {8}(__wbg_\w+): function\(.*\) \{\n(?: {12}.*\n)+? {8}\},\n/gm, (whole, name) =>
    imports.includes(name) ? whole : "");
  writeFileSync(script, glue);
}

/** Without the class, what follows it about its disposal, and its finalization registry; all are blocks of their own. */
function withoutClass(text, name) {
  const block = new RegExp(
    `^(?:/\\*\\*\\n(?: \\*.*\\n)+)?(?:export )?class ${name} \\{\\n[^]*?^\\}\\n(?:if \\(Symbol.dispose\\) ${name}\\..*\\n)?`,
    "m",
  );
  const registry = new RegExp(`^const ${name}Finalization = [^]*?^\\}\\);\\n`, "m");
  const rest = text.replace(block, "").replace(registry, "");
  return rest.includes(name) ? text : rest;
}

function parts(wasm, kind) {
  return WebAssembly.Module[kind](new WebAssembly.Module(readFileSync(wasm))).map(({ name }) => name);
}

function exportsNamed(text) {
  return new Set([...text.matchAll(/\bwasm\.(\w+)/g)].map(([, name]) => name));
}
