/** WebAssembly files as far as the steps that work on linked ones need to know them. */

export const SECTION = { IMPORT: 2, FUNCTION: 3, EXPORT: 7, START: 8, ELEMENT: 9, CODE: 10, DATA: 11, DATA_COUNT: 12 };

/** The magic number and the version. */
const HEADER = 8;

/** Bytes that are read from left to right. */
export class Reader {
  constructor(bytes, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }

  get isAtEnd() {
    return this.at >= this.bytes.length;
  }

  byte() {
    return this.bytes[this.at++];
  }

  take(length) {
    return this.bytes.subarray(this.at, (this.at += length));
  }

  /** A LEB128 number without a sign, or a positive one with. */
  number() {
    let value = 0;
    for (let place = 1; ; place *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * place;
      if (byte < 0x80) return value;
    }
  }

  text() {
    return this.take(this.number()).toString();
  }

  list(element) {
    return Array.from({ length: this.number() }, () => element(this));
  }

  /** Passes by as many numbers, whatever their sign. */
  skipNumbers(count = 1) {
    for (; count > 0; count -= 1) while (this.byte() >= 0x80);
  }

  /** Passes by what is imported, and gives its kind: 0 is a function. */
  skipImport() {
    const kind = this.byte();
    const isTableOrMemory = kind === 1 || kind === 2;
    // A table has a type, a global one and whether it changes, a tag an attribute; a table and a memory have limits.
    this.take([0, 1, 0, 2, 1][kind]);
    if (kind !== 3) this.skipNumbers(isTableOrMemory && this.number() & 1 ? 2 : 1);
    return kind;
  }
}

/** The sections in their order. */
export function sectionsOf(bytes) {
  const reader = new Reader(bytes, HEADER);
  const sections = [];
  while (!reader.isAtEnd) sections.push({ id: reader.byte(), body: reader.take(reader.number()) });
  return sections;
}

/** The same file with other sections. */
export function withSections(bytes, sections) {
  const parts = sections.map(({ id, body }) => Buffer.concat([Buffer.from([id]), unsigned(body.length), body]));
  return Buffer.concat([bytes.subarray(0, HEADER), ...parts]);
}

/** A list as its length and its elements. */
export function list(elements) {
  return Buffer.concat([unsigned(elements.length), ...elements]);
}

export function text(string) {
  const bytes = Buffer.from(string);
  return Buffer.concat([unsigned(bytes.length), bytes]);
}

export function unsigned(value) {
  const out = [];
  for (; value > 0x7f; value >>>= 7) out.push((value & 0x7f) | 0x80);
  return Buffer.from([...out, value]);
}

/** A positive number among signed ones: its last byte has the sign's bit clear. */
export function signed(value) {
  const out = [];
  for (; value > 0x3f; value >>>= 7) out.push((value & 0x7f) | 0x80);
  return Buffer.from([...out, value]);
}
