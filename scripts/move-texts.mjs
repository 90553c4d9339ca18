#!/usr/bin/env node
/**
 * Moves texts out of WebAssembly: `move-texts.mjs <file.wasm> <texts.mjs>`.
 *
 * A seventh of the npm package's WebAssembly is data, and nearly all of that is words: messages, names of fields, headers.
 * They stay where they belong, beside the Rust that says them, and are neither listed nor marked there. This step cuts
 * every longer run of them out of the linked file and writes it down as JavaScript, with how far on in memory it stands; the
 * package's JavaScript puts it there when it makes an instance (`pkg/src/instance.mjs`), before anything runs. So the file
 * that has to be compiled is code, and words load as what JavaScript is good at.
 */
import { readFileSync, writeFileSync } from "node:fs";

import { list, Reader, SECTION, sectionsOf, signed, unsigned, withSections } from "./wasm-file.mjs";

/** Shorter runs would cost more than they save: each has an address on one side, and a segment begins on the other. */
const LEAST = 12;

const [file, script] = process.argv.slice(2);
const bytes = readFileSync(file);
const texts = [];
/** Where the last text ends. */
let end = 0;
const sections = sectionsOf(bytes)
  // The number of segments. Only code that copies segments by itself needs it, and there is none.
  .filter(({ id }) => id !== SECTION.DATA_COUNT)
  .map(({ id, body }) => ({ id, body: id === SECTION.DATA ? withoutTexts(new Reader(body)) : body }));
writeFileSync(file, withSections(bytes, sections));
writeFileSync(script, `/** How far on each text begins, and the text; see scripts/move-texts.mjs. */\nexport const TEXTS = ${JSON.stringify(texts)};\n`);

/** The data section without the texts, which are added to the list. */
function withoutTexts(reader) {
  const segments = [];
  for (let count = reader.number(); count > 0; count -= 1) {
    if (reader.byte() !== 0 || reader.byte() !== 0x41) throw new Error("a segment of data that is not at a fixed address");
    let address = reader.number();
    if (reader.byte() !== 0x0b) throw new Error("an address that is calculated");
    const data = reader.take(reader.number()).toString("latin1");
    for (const [run, text] of data.matchAll(new RegExp(`([ -~]{${LEAST},})|(?:(?![ -~]{${LEAST}})[^])+`, "g"))) {
      if (text !== undefined) {
        texts.push(address - end, text);
        end = address + text.length;
      } else if (/[^\0]/.test(run)) segments.push(segment(address, Buffer.from(run, "latin1")));
      address += run.length;
    }
  }
  return list(segments);
}

function segment(address, data) {
  return Buffer.concat([Buffer.from([0, 0x41]), signed(address), Buffer.from([0x0b]), unsigned(data.length), data]);
}
