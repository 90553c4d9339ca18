#!/usr/bin/env node
/**
 * Stands before the linker of WebAssembly, and leaves out what libraries export whether it is used or not.
 *
 * Everything that wasm-bindgen knows how to call is exported: whole classes, and a description of each function of
 * JavaScript that a library declares. The linker keeps it, with all that it calls. So it links twice: first without, to
 * see which functions of JavaScript are called, and then with what belongs to these.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { CLASSES } from "./classes.mjs";

const DESCRIPTION = "__wbindgen_describe_";
/** A description of a function of JavaScript; those of unions of types are asked for always. */
const FUNCTION = new RegExp(`^${DESCRIPTION}(__wbg_(?!dynamic_union_).*)`);

const libraries = execFileSync("rustc", ["--print", "target-libdir"], { encoding: "utf8" }).trim();
const linker = join(libraries, "..", "bin", "rust-lld");
const given = process.argv.slice(2);
const output = given[given.indexOf("-o") + 1];

link((name) => !name.startsWith(DESCRIPTION) && !CLASSES.some((it) => isOf(it, name)));
const called = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(output))).map(({ name }) => name);
const unused = CLASSES.filter((it) => !called.some((name) => isOf(it, name)));
/** What the `worker` crate starts with, to tell worker-build's entry of a panic. Another entry hears of it elsewhere. */
const START = process.env.WORKER_ENTRY ? /^(__wbindgen_describe_)?(init|__worker_init_state)_[0-9a-f]{16}$/ : /$^/;
link((name) => {
  if (START.test(name) || unused.some((it) => isOf(it, name))) return false;
  const [, described] = FUNCTION.exec(name) ?? [];
  return described === undefined || called.includes(described) || exported(described);
});

/** Links with those exports only of which `isWanted` says so. */
function link(isWanted) {
  const args = given.filter((arg, index) => {
    const name = arg === "--export" ? given[index + 1] : given[index - 1] === "--export" ? arg : undefined;
    return name === undefined || isWanted(name);
  });
  execFileSync(linker, args, { stdio: "inherit" });
}

function exported(name) {
  return given.some((arg, index) => arg === name && given[index - 1] === "--export");
}

/** Whether a function belongs to a class. */
function isOf(name, symbol) {
  return symbol.toLowerCase().replaceAll("_", "").includes(name.toLowerCase());
}
