#!/usr/bin/env node
/**
 * Puts functions of WebAssembly that are alike beside each other: `order-functions.mjs <file.wasm>`.
 *
 * What compresses a download looks back at 32 KB. A Worker is ten times as long, so that most of what its functions
 * have in common is out of sight: a twentieth of the download. From the longest function on, the next one is always that
 * which has most in common with those in sight.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

import { list, Reader, SECTION, sectionsOf, text, unsigned, withSections } from "./wasm-file.mjs";

/** How far back gzip looks, in bytes. */
const IN_SIGHT = 32 * 1024;
/** What functions may have in common: runs of so many bytes. */
const RUN = 7;
/** What a function has in common counts the less, the longer it is. How much less is best is tried: as these powers. */
const POWERS = [0.4, 0.5, 0.6, 0.7, 0.8];
/** Stands for the numbers of other functions, which are not known before the order is. */
const ANY_FUNCTION = Buffer.from([0xff]);

const [file] = process.argv.slice(2);
const bytes = readFileSync(file);
const sections = sectionsOf(bytes);
const imported = importedFunctions();
/** Each function as its code, in pieces: bytes, and the numbers of functions between them. */
const functions = vector(SECTION.CODE, (reader) => functionIn(reader.take(reader.number())));
const types = vector(SECTION.FUNCTION, (reader) => unsigned(reader.number()));
const codes = functions.map((pieces) => spelled(pieces, () => ANY_FUNCTION));
/** The runs of each function, and the functions that have a run. */
const runs = codes.map((code) => {
  const found = new Set();
  for (let at = 0; at + RUN <= code.length; at += 1) found.add(code.toString("latin1", at, at + RUN));
  return [...found];
});
const having = new Map();
runs.forEach((found, number) => {
  for (const run of found) having.get(run)?.push(number) ?? having.set(run, [number]);
});

const [smallest] = POWERS.map((power) => reordered(alikeTogether(power)))
  .map((whole) => ({ whole, size: gzipSync(whole, { level: 9 }).length }))
  .sort((one, other) => one.size - other.size);
writeFileSync(file, smallest.whole);

/** The whole file with its functions in this order. */
function reordered(order) {
  const places = new Map(order.map((old, place) => [old + imported, place + imported]));
  const renumbered = (number) => unsigned(places.get(number) ?? number);
  const code = (old) => {
    const code = spelled(functions[old], renumbered);
    return Buffer.concat([unsigned(code.length), code]);
  };
  const rewritten = {
    [SECTION.FUNCTION]: () => list(order.map((old) => types[old])),
    [SECTION.EXPORT]: () => list(vector(SECTION.EXPORT, (reader) => exported(reader, renumbered))),
    [SECTION.START]: (body) => renumbered(new Reader(body).number()),
    [SECTION.ELEMENT]: () => list(vector(SECTION.ELEMENT, (reader) => tabled(reader, renumbered))),
    [SECTION.CODE]: () => list(order.map(code)),
  };
  return withSections(bytes, sections.map(({ id, body }) => ({ id, body: rewritten[id]?.(body) ?? body })));
}

/** The functions with those that are alike one after the other. */
function alikeTogether(power) {
  /** How many runs of each function are in sight. */
  const common = codes.map(() => 0);
  const seen = new Map();
  const count = (number, one) => {
    for (const run of runs[number]) {
      const before = seen.get(run) ?? 0;
      seen.set(run, before + one);
      if (before === 0 || before + one === 0) for (const other of having.get(run)) common[other] += one;
    }
  };

  const left = new Set(codes.keys());
  const order = [];
  let [first, length] = [0, 0];
  while (left.size > 0) {
    const worth = (number) =>
      order.length === 0 ? codes[number].length : common[number] / (runs[number].length || 1) ** power;
    let [best] = left;
    let most = worth(best);
    for (const number of left) {
      const much = worth(number);
      if (much > most) [best, most] = [number, much];
    }
    left.delete(best);
    order.push(best);
    count(best, 1);
    for (length += codes[best].length; length - codes[order[first]].length > IN_SIGHT; first += 1) {
      length -= codes[order[first]].length;
      count(order[first], -1);
    }
  }
  return order;
}

function spelled(pieces, numbered) {
  return Buffer.concat(pieces.map((piece) => (typeof piece === "number" ? numbered(piece) : piece)));
}

/** Takes the body of a function apart. */
function functionIn(code) {
  const reader = new Reader(code);
  const pieces = [];
  let from = 0;
  for (let locals = reader.number(); locals > 0; locals -= 1) {
    reader.skipNumbers();
    reader.byte();
  }
  while (!reader.isAtEnd) {
    const instruction = reader.byte();
    // call, return_call, ref.func
    if (instruction === 0x10 || instruction === 0x12 || instruction === 0xd2) {
      pieces.push(code.subarray(from, reader.at), reader.number());
      from = reader.at;
    } else {
      skipOperands(instruction, reader);
    }
  }
  return [...pieces, code.subarray(from)];
}

/** Passes by what follows the first byte of an instruction that names no function. */
function skipOperands(instruction, reader) {
  switch (instruction) {
    // block, loop, if; throw; br, br_if; locals, globals and tables; i32.const, i64.const; ref.null
    case 0x02: case 0x03: case 0x04: case 0x08: case 0x0c: case 0x0d: case 0x20: case 0x21: case 0x22: case 0x23:
    case 0x24: case 0x25: case 0x26: case 0x41: case 0x42: case 0xd0:
      return reader.skipNumbers();
    // br_table
    case 0x0e:
      return reader.skipNumbers(reader.number() + 1);
    // call_indirect, return_call_indirect
    case 0x11: case 0x13:
      return reader.skipNumbers(2);
    // select with a type
    case 0x1c:
      return void reader.take(reader.number());
    // try_table: a type, and what is caught
    case 0x1f:
      reader.skipNumbers();
      for (let count = reader.number(); count > 0; count -= 1) reader.skipNumbers(reader.byte() < 2 ? 2 : 1);
      return;
    // memory.size, memory.grow; f32.const; f64.const
    case 0x3f: case 0x40:
      return void reader.take(1);
    case 0x43:
      return void reader.take(4);
    case 0x44:
      return void reader.take(8);
    // Those of two bytes: conversions, and what is done to whole memories and tables
    case 0xfc:
      return reader.skipNumbers([0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1][reader.number()]);
    // Those of vectors
    case 0xfd:
      return skipVectorOperands(reader.number(), reader);
    default:
      // Loads and stores
      if (instruction >= 0x28 && instruction <= 0x3e) return reader.skipNumbers(2);
      if (instruction > 0xd1 || (instruction > 0x1f && instruction < 0x28)) {
        throw new Error(`an instruction that is not known here: ${instruction}`);
      }
  }
}

function skipVectorOperands(instruction, reader) {
  // Loads and stores, of which some name a lane
  if (instruction <= 11 || instruction === 92 || instruction === 93) return reader.skipNumbers(2);
  if (instruction >= 84 && instruction <= 91) return void (reader.skipNumbers(2), reader.take(1));
  // v128.const, i8x16.shuffle
  if (instruction === 12 || instruction === 13) return void reader.take(16);
  // Lanes that are read or replaced
  if (instruction >= 21 && instruction <= 34) return void reader.take(1);
  if (instruction > 255) throw new Error(`a vector instruction that is not known here: ${instruction}`);
}

function exported(reader, renumbered) {
  const name = reader.text();
  const kind = reader.byte();
  const number = reader.number();
  return Buffer.concat([text(name), Buffer.from([kind]), kind === 0 ? renumbered(number) : unsigned(number)]);
}

/** Functions that are called by their place in a table. */
function tabled(reader, renumbered) {
  const from = reader.at;
  const kind = reader.number();
  if (kind === 0) while (reader.byte() !== 0x0b);
  else if (kind === 3) reader.byte();
  else throw new Error(`elements of a kind that is not known here: ${kind}`);
  const head = reader.bytes.subarray(from, reader.at);
  return Buffer.concat([head, list(reader.list(() => renumbered(reader.number())))]);
}

function importedFunctions() {
  const kinds = vector(SECTION.IMPORT, (reader) => {
    reader.text();
    reader.text();
    return reader.skipImport();
  });
  return kinds.filter((kind) => kind === 0).length;
}

/** The elements of a section that is a list. */
function vector(id, element) {
  const section = sections.find((section) => section.id === id);
  if (section === undefined) return [];
  return new Reader(section.body).list(element);
}
