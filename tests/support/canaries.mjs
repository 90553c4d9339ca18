/** Distinct secrets, and the search for them in whatever came out, in every form in which somebody might have written them. */
import { randomBytes } from "node:crypto";

/** Bytes of the beginning and of the end of a secret: so that a part of it is found too. */
const PIECE = 12;

/** A secret that nothing else looks like: letters and digits only, so that it is a sound token, key, header or part of a URL. */
export const canary = (name) => `${name}${randomBytes(16).toString("hex")}`;

/**
 * The first of these secrets of which a piece is in a content, with the form in which it is; `undefined` where there is none.
 *
 * @param {string | Buffer} content
 * @param {Record<string, string>} secrets
 * @returns {string | undefined}
 */
export function found(content, secrets) {
  const [first] = searchFor(secrets)(content);
  return first?.join(", ");
}

/**
 * A search for all of these secrets at once, in the time of one: it gives those that it has found, each with its form.
 *
 * @param {Record<string, string>} secrets
 * @returns {(content: string | Buffer) => Map<string, string>}
 */
export function searchFor(secrets) {
  /** What is looked for, by its first four bytes. */
  const heads = new Map();
  for (const [name, secret] of Object.entries(secrets)) {
    for (const piece of [secret.slice(0, PIECE), secret.slice(-PIECE)]) {
      for (const [form, text] of forms(piece)) {
        const written = Buffer.from(text);
        const head = written.readUInt32BE();
        heads.set(head, [...(heads.get(head) ?? []), { name, form, written }]);
      }
    }
  }
  return (content) => {
    const hits = new Map();
    const bytes = Buffer.from(content);
    let head = 0;
    for (let at = 0; at < bytes.length; at += 1) {
      head = ((head << 8) | bytes[at]) >>> 0;
      for (const { name, form, written } of heads.get(head) ?? []) {
        const start = at - 3;
        if (bytes.subarray(start, start + written.length).equals(written) && !hits.has(name)) hits.set(name, form);
      }
    }
    return hits;
  };
}

/** A text as it is written in texts, URLs, JSON, headers, memory and logs. */
function forms(text) {
  const bytes = Buffer.from(text);
  const hex = bytes.toString("hex");
  const each = (write) => Array.from(bytes, write).join("");
  return [
    ["as it is", text],
    ["in upper case", text.toUpperCase()],
    ["in lower case", text.toLowerCase()],
    ["backwards", Array.from(text).toReversed().join("")],
    ["in hexadecimal digits", hex],
    ["in upper hexadecimal digits", hex.toUpperCase()],
    ["percent-encoded", each((byte) => `%${byte.toString(16)}`)],
    ["in escapes of JSON", each((byte) => `\\u00${byte.toString(16)}`)],
    ["as a list of bytes", Array.from(bytes).join(",")],
    ["as a list of bytes with blanks", Array.from(bytes).join(", ")],
    ["in 16-bit characters", Buffer.from(text, "utf16le")],
    ...[0, 1, 2].flatMap((offset) => [
      ["in base64", inBase64(bytes, offset)],
      ...[0, 1, 2].map((outer) => ["in base64 of base64", inBase64(Buffer.from(inBase64(bytes, offset)), outer)]),
    ]),
  ];
}

/** What stands in base64 whatever is before and after it, where its beginning has this place among three bytes. */
function inBase64(bytes, offset) {
  const whole = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64").replaceAll("=", "");
  const before = Math.ceil((offset * 8) / 6);
  const shared = (offset + bytes.length) % 3 === 0 ? 0 : 1;
  return whole.slice(before, whole.length - shared);
}
