/** SHA-256 by the runtime, where that is faster than in WebAssembly. */
import { bytes } from "./check.mjs";

/** @type {((body: string | Uint8Array) => Uint8Array) | undefined} */
let digest;

/** Tells how this runtime hashes at once, texts without a copy of them. WebCrypto is a detour, for large bodies only. */
export function setDigest(atOnce) {
  digest = atOnce;
}

/**
 * @param {string | Uint8Array} body
 * @param {boolean} isLarge
 * @returns {Promise<Uint8Array | undefined>} Nothing where the runtime is slower, or cannot: pages without TLS have no WebCrypto.
 */
export async function digestOf(body, isLarge) {
  try {
    if (digest !== undefined) return digest(body);
    if (isLarge) return new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes("body", body)));
  } catch {}
}
