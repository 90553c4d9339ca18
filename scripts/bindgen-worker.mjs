#!/usr/bin/env node
/**
 * wasm-bindgen, and then without the JavaScript of the classes that the linker has left out of the WebAssembly (see
 * for-size/link.mjs). A class of the list that the rest of the glue names is in use and stays.
 *
 * For a crate with an entry of its own (WORKER_ENTRY), the bindings are changed to tell it when their instance ends.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { CLASSES } from "./for-size/classes.mjs";
import { mortal } from "./mortal-glue.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const args = process.argv.slice(2);

execFileSync(`${root}/target/tools/bin/wasm-bindgen`, args, { stdio: "inherit" });
const out = option("--out-dir");
if (out) {
  const script = `${out}/${option("--out-name")}.js`;
  const glue = CLASSES.reduce(withoutClass, readFileSync(script, "utf8"));
  writeFileSync(script, process.env.WORKER_ENTRY ? mortal(glue) : glue);
}

function option(name) {
  return args.includes(name) ? args[args.indexOf(name) + 1] : undefined;
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
