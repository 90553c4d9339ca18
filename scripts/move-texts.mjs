#!/usr/bin/env node
/**
 * Moves texts out of WebAssembly: `move-texts.mjs <file.wasm> <texts.mjs>`.
 *
 * A seventh of the npm package's WebAssembly is data, and nearly all of that is words: messages, names of fields, headers.
 * They stay where they belong, beside the Rust that says them, and are neither listed nor marked there. This step cuts
 * every longer run of them out of the linked file and writes it down as JavaScript, with its address in memory; the
 * package's JavaScript puts it there when it makes an instance (`pkg/src/instance.mjs`), before anything runs. So the file
 * that has to be compiled is code, and words load as what JavaScript is good at.
 */
import { readFileSync, writeFileSync } from "node:fs";

/** Shorter runs would cost more than they save: each has an address on one side, and a segment begins on the other. */
const LEAST = 12;
const DATA = 11;
/** Says how many segments there are. Only code that copies segments by itself needs it, and there is none. */
const DATA_COUNT = 12;

const [file, script] = process.argv.slice(2);
const bytes = readFileSync(file);
let at = 8;
const parts = [bytes.subarray(0, at)];
const texts = [];
while (at < bytes.length) {
  const begin = at;
  const id = bytes[at++];
  const length = number();
  const end = at + length;
  if (id === DATA) parts.push(section(DATA, withoutTexts()));
  else if (id !== DATA_COUNT) parts.push(bytes.subarray(begin, end));
  at = end;
}
writeFileSync(file, Buffer.concat(parts));
writeFileSync(script, `/** Addresses and what stands there; see scripts/move-texts.mjs. */\nexport const TEXTS = ${JSON.stringify(texts)};\n`);

/** The data section without the texts, which are added to the list. */
function withoutTexts() {
  const segments = [];
  for (let count = number(); count > 0; count -= 1) {
    if (bytes[at++] !== 0 || bytes[at++] !== 0x41) throw new Error("a segment of data that is not at a fixed address");
    let address = number();
    if (bytes[at++] !== 0x0b) throw new Error("an address that is calculated");
    const length = number();
    const data = bytes.subarray(at, at + length).toString("latin1");
    at += length;
    for (const [run, text] of data.matchAll(new RegExp(`([ -~]{${LEAST},})|(?:(?![ -~]{${LEAST}})[^])+`, "g"))) {
      if (text !== undefined) texts.push(address, text);
      else if (/[^\0]/.test(run)) segments.push(Buffer.concat([segmentAt(address), unsigned(run.length), Buffer.from(run, "latin1")]));
      address += run.length;
    }
  }
  return Buffer.concat([unsigned(segments.length), ...segments]);
}

function segmentAt(address) {
  return Buffer.concat([Buffer.from([0, 0x41]), signed(address), Buffer.from([0x0b])]);
}

function section(id, body) {
  return Buffer.concat([Buffer.from([id]), unsigned(body.length), body]);
}

/** Reads a LEB128 number. Addresses are signed ones, and positive. */
function number() {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return value;
  }
}

function unsigned(value) {
  const out = [];
  for (; value > 0x7f; value >>>= 7) out.push((value & 0x7f) | 0x80);
  return Buffer.from([...out, value]);
}

/** A positive number among signed ones: its last byte has the sign's bit clear. */
function signed(value) {
  const out = [];
  for (; value > 0x3f; value >>>= 7) out.push((value & 0x7f) | 0x80);
  return Buffer.from([...out, value]);
}
