#!/usr/bin/env node
/**
 * Gives short names to what WebAssembly and its JavaScript have of each other: `shorten-names.mjs <file.wasm> <file.js>`.
 *
 * wasm-bindgen names everything by what it is and by a number of 16 digits. These do not compress, and stand in both
 * files.
 */
import { readFileSync, writeFileSync } from "node:fs";

import { list, Reader, SECTION, sectionsOf, text, withSections } from "./wasm-file.mjs";

/** Others are called by a name that somebody else chose as well, such as the runtime. */
const NUMBERED = /_[0-9a-f]{16}(?![0-9a-f])/;

const [wasm, script] = process.argv.slice(2);
const bytes = readFileSync(wasm);
const names = new Map();
const sections = sectionsOf(bytes).map(({ id, body }) => {
  const reader = new Reader(body);
  if (id === SECTION.IMPORT) return { id, body: list(reader.list(imported)) };
  return { id, body: id === SECTION.EXPORT ? list(reader.list(exported)) : body };
});
writeFileSync(wasm, withSections(bytes, sections));
writeFileSync(script, readFileSync(script, "utf8").replace(/\w{17,}/g, (name) => names.get(name) ?? name));

function imported(reader) {
  const module = reader.text();
  const name = reader.text();
  const from = reader.at;
  reader.skipImport();
  return Buffer.concat([text(module), text(short(name)), reader.bytes.subarray(from, reader.at)]);
}

function exported(reader) {
  const name = reader.text();
  const from = reader.at;
  reader.take(1);
  reader.skipNumbers();
  return Buffer.concat([text(short(name)), reader.bytes.subarray(from, reader.at)]);
}

function short(name) {
  if (NUMBERED.test(name) && !names.has(name)) names.set(name, `$${names.size.toString(36)}`);
  return names.get(name) ?? name;
}
