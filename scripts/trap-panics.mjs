#!/usr/bin/env node
/**
 * Panics of the npm build without their messages: `trap-panics.mjs <from.wasm> <to.wasm>`.
 *
 * The package's JavaScript catches a panic as the trap that it ends in, and starts anew; nobody sees what it says. So the
 * functions that only a panic calls trap at once, and what they alone called goes when the file is optimised. Functions
 * are known by their names, so that this comes before the names are dropped.
 */
import { readFileSync, writeFileSync } from "node:fs";
import binaryen from "binaryen";

/** The ways into a panic. None of them ever returns. */
const PANICS = [
  /^core\[\w+\]::panicking::/,
  /^core\[\w+\]::(option|result)::(expect|unwrap)_failed$/,
  /^core\[\w+\]::cell::panic_already(_mutably)?_borrowed$/,
  /^core\[\w+\]::slice::(index::slice_index_fail|copy_from_slice_impl::len_mismatch_fail)$/,
  /^core\[\w+\]::str::slice_error_fail$/,
  /^alloc\[\w+\]::(raw_vec::(capacity_overflow|handle_error)|alloc::handle_alloc_error)$/,
  /^<alloc\[\w+\]::vec::Vec<_, _>>::\w+::assert_failed$/,
  /^__rustc\[\w+\]::(rust_begin_unwind|rust_panic|__rust_alloc_error_handler)$/,
];
/** What a panic finds in tables of functions, where no optimiser can tell who uses it: its message and its payload. */
const MESSAGES = [
  /^<std\[\w+\]::panicking::panic_handler::\w+ as /,
  /^<std\[\w+\]::panicking::begin_panic::Payload</,
  /^<core\[\w+\]::cell::Borrow(Mut)?Error as /,
  /^core\[\w+\]::ptr::drop_in_place::<std\[\w+\]::panicking::panic_handler::\w+>$/,
];

const [from, to] = process.argv.slice(2);
const module = binaryen.readBinary(readFileSync(from));
const trapped = [PANICS, MESSAGES].map((patterns) => {
  let count = 0;
  for (let index = 0; index < module.getNumFunctions(); index += 1) {
    const reference = module.getFunctionByIndex(index);
    const { module: imported, name } = binaryen.getFunctionInfo(reference);
    if (imported || !patterns.some((pattern) => pattern.test(name))) continue;
    binaryen.Function.setBody(reference, module.unreachable());
    count += 1;
  }
  return count;
});
// Names are the compiler's own affair: where it gives others, this must be told.
if (trapped.includes(0)) throw new Error(`no panics are known by their names any more: ${trapped.join(", ")}`);
writeFileSync(to, module.emitBinary());
