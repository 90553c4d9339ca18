/**
 * The desk of the core's receiver: a piece of its memory, on which lie 32 bytes for the signed hash of a body, 32 for the
 * hash that it has, and a token. A check there costs no text in either direction.
 */
import { put } from "./digest.mjs";
import { withCore } from "./instance.mjs";

const HASH = 32;
const TOKEN = 2 * HASH;
/** The longest token that is looked at. What is longer takes up more of the desk, however its characters are spelled. */
const MAX_TOKEN = 16_384;
const SIZE = TOKEN + MAX_TOKEN + 4;

const encoder = new TextEncoder();
/** @type {{ core: object, work: object, bytes: Uint8Array, token: Uint8Array } | undefined} That of the present instance. */
let present;
/** What the core says of each reason to refuse, by its number. Of bad arguments, which have the lowest, it says each time. */
const reasons = [];
const BAD_ARGUMENT = 1;

/**
 * Checks a token, and leaves the signed hash of the body on the desk.
 *
 * @param {{ texts: string[], hmacs?: ((text: string) => string)[] }} keys The current and the next one; with the native
 *   HMAC of each, where there is one.
 * @returns {{ code: string, message: string } | undefined} Why it is refused.
 */
export function checkToken({ texts, hmacs }, token, url, tolerance) {
  return withCore((core) => {
    const { written } = encoder.encodeInto(token, desk(core).token);
    const now = Date.now();
    const { work } = desk(core);
    const ends = (keys) => reason(work.token(written, keys, url, now, tolerance), work);
    if (hmacs === undefined || token.length > MAX_TOKEN) return ends(texts.join("\0"));
    const signed = token.slice(0, token.lastIndexOf("."));
    let refused;
    for (const hmac of hmacs) {
      put(hmac(signed), desk(core).bytes, 0);
      refused = ends("");
      if (refused?.code !== "signature_mismatch") break;
    }
    return refused;
  });
}

/** A copy of the signed hash of the body, for whoever leaves the desk to others for a while. */
export function signedHash() {
  return withCore((core) => desk(core).bytes.slice(0, HASH));
}

/**
 * Compares the hash of a body with the signed one.
 *
 * @param {string | Uint8Array} hash
 * @param {Uint8Array} [signed] Where it does not lie on the desk any more.
 */
export function checkHash(hash, signed) {
  return withCore((core) => {
    const { work, bytes } = desk(core);
    if (signed !== undefined) bytes.set(signed);
    if (typeof hash === "string") put(hash, bytes, HASH);
    else bytes.set(hash, HASH);
    return reason(work.body(), work);
  });
}

/** Hashes a body in WebAssembly, and compares as `checkHash` does. */
export function checkBody(body, signed) {
  return withCore((core) => {
    const { work } = desk(core);
    work.push(body);
    desk(core).bytes.set(signed);
    return reason(work.body(), work);
  });
}

function desk(core) {
  if (present?.core !== core) present = { core, work: new core.Work(`receiver\0${SIZE}`) };
  // Memory that has grown is another one.
  if (!present.bytes?.length) {
    present.bytes = new Uint8Array(core.memory.buffer, present.work.desk(), SIZE);
    present.token = present.bytes.subarray(TOKEN);
  }
  return present;
}

function reason(outcome, work) {
  if (outcome === 0) return undefined;
  if (outcome === BAD_ARGUMENT) return JSON.parse(work.fault());
  return (reasons[outcome] ??= JSON.parse(work.fault()));
}
