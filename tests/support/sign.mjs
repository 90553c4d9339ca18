/**
 * Signs requests as QStash does, with node:crypto only: independent of the code under test and of the official SDK.
 * Claims by the QStash documentation ("Signature"): HS256 over iss, sub, exp, nbf, iat, jti and body, a token living five minutes.
 */
import { createHash, createHmac, randomUUID } from "node:crypto";

const LIFETIME_SECS = 300;
const HASHES = { HS256: "sha256", HS384: "sha384", HS512: "sha512" };

/**
 * @typedef {object} TokenOptions
 * @property {string} key The signing key.
 * @property {string} url The exact URL that is called, query included: the `sub` claim.
 * @property {string | Uint8Array} [body] What the `body` claim is the hash of. Default: nothing.
 * @property {number} [now] Unix time in seconds. Default: the present.
 * @property {string} [alg] HS256, HS384, HS512 (signed with that hash) or "none" (no signature). Default: HS256.
 * @property {object} [header] More fields of the token's header, or others in their place.
 * @property {object} [claims] More claims, or others in their place; `undefined` removes one.
 * @property {boolean} [padded] Whether the `body` claim has its `=`, as in the documentation's sample. Default: true.
 */

/**
 * A token for the `Upstash-Signature` header.
 *
 * @param {TokenOptions} options
 * @returns {string}
 */
export function signToken({ key, url, body = "", now = unixNow(), alg = "HS256", header = {}, claims = {}, padded = true }) {
  const payload = {
    iss: "Upstash",
    sub: url,
    exp: now + LIFETIME_SECS,
    nbf: 0,
    iat: now,
    jti: `jwt_${randomUUID()}`,
    body: bodyHash(body, padded),
    ...claims,
  };
  const signed = `${encode({ alg, typ: "JWT", ...header })}.${encode(payload)}`;
  return `${signed}.${alg === "none" ? "" : createHmac(HASHES[alg], key).update(signed).digest("base64url")}`;
}

/**
 * The `body` claim: SHA-256 in base64 with the URL alphabet.
 *
 * @param {string | Uint8Array} body
 * @param {boolean} padded
 * @returns {string}
 */
export function bodyHash(body, padded) {
  const hash = createHash("sha256").update(body).digest("base64url");
  return padded ? `${hash}=` : hash;
}

/** @returns {number} the present as Unix time in whole seconds */
export function unixNow() {
  return Math.floor(Date.now() / 1000);
}

function encode(json) {
  return Buffer.from(JSON.stringify(json)).toString("base64url");
}
