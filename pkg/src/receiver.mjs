/** Receiver: is a request really QStash's? */
import { bytes, failure, invalid, noDevMode, number, options, refusal, secret, text } from "./check.mjs";
import { checkBody, checkHash, checkToken, signedHash } from "./desk.mjs";
import { hmacWith, nativeHash, webHash } from "./digest.mjs";
import { fromEnvironment, variable } from "./environment.mjs";

const KEYS = ["currentSigningKey", "nextSigningKey"];
const ENVIRONMENT = ["QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"];
const REQUEST = ["signature", "body", "url", "clockTolerance", "upstashRegion"];
/** From this length on, WebCrypto hashes faster than WebAssembly. */
const LARGE = 4096;

export class Receiver {
  /** @type {[string, string] | undefined} */
  #given;
  /** As they are used. */
  #keys;

  constructor(config = {}) {
    const given = options("config", config, [...KEYS, "devMode"]);
    noDevMode(given.devMode);
    for (const name of KEYS) if (given[name] !== undefined) secret(name, given[name]);
    if ((given.currentSigningKey === undefined) !== (given.nextSigningKey === undefined)) {
      throw invalid("`currentSigningKey` and `nextSigningKey` must be given together, or both come from the environment");
    }
    this.#given = given.currentSigningKey === undefined ? undefined : [given.currentSigningKey, given.nextSigningKey];
  }

  verify(request) {
    try {
      const refused = this.#refused(request);
      return refused instanceof Promise ? refused.then(verdict) : verdict(refused);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** Why a request is refused, at once where the runtime can hash at once. */
  #refused(request) {
    const given = options("request", request, REQUEST);
    const { signature, upstashRegion: region } = given;
    if (typeof signature !== "string") throw invalid("`signature` must be the Upstash-Signature header, a text");
    const body = typeof given.body === "string" ? given.body : bytes("body", given.body);
    const url = text("url", given.url, { optional: true }) ?? "";
    const tolerance = number("clockTolerance", given.clockTolerance, { max: 86_400, fallback: 0 });
    if (region !== undefined && typeof region !== "string") throw invalid("`upstashRegion` must be the Upstash-Region header, a text");
    const keys = this.#usable(this.#given ?? environmentKeys(region));
    // First of all the token: nobody can make us hash a body with a forged one.
    const refused = checkToken(keys, signature, url, tolerance * 1000);
    if (refused !== undefined) return refused;
    const hash = nativeHash();
    return hash === undefined ? refusedBody(bytes("body", body)) : checkHash(hash(body));
  }

  /** Keys, with what was made of them the last time; those of the environment can be others each time. */
  #usable(texts) {
    const isKnown = this.#keys?.texts.every((text, index) => text === texts[index]);
    return isKnown ? this.#keys : (this.#keys = usable(texts));
  }
}

/** Why a body is refused, where the runtime cannot hash at once. */
async function refusedBody(body) {
  const signed = signedHash();
  const hash = body.length < LARGE ? undefined : await webHash(body);
  return hash === undefined ? checkBody(body, signed) : checkHash(hash, signed);
}

const settled = Promise.resolve();

function verdict(refused) {
  if (refused === undefined) return Promise.resolve(true);
  if (refused.code === "invalid_argument") throw invalid(refused.message);
  // Not before the caller holds the promise: of what is rejected with nobody there, Node.js keeps a list.
  return new Promise((_, reject) => void settled.then(() => reject(refusal(refused))));
}

/** Keys, and what makes HMACs with them natively. */
function usable(texts) {
  KEYS.forEach((name, index) => secret(name, texts[index]));
  const hmacs = nativeHash() === undefined ? [undefined] : texts.map(hmacWith);
  return { texts, hmacs: hmacs.includes(undefined) ? undefined : hmacs };
}

/**
 * The keys of the environment. As with the official receiver, those of the request's region count where QSTASH_REGION is
 * set; here also where there are no others.
 */
function environmentKeys(region) {
  const regions = [variable("QSTASH_REGION") && region, region];
  const keys = regions.map((it) => fromEnvironment(ENVIRONMENT, it)).find((pair) => pair.every(Boolean));
  if (keys !== undefined) return keys;
  throw failure("missing_signing_keys", `no signing keys: give \`currentSigningKey\` and \`nextSigningKey\`, or set ${ENVIRONMENT.join(" and ")}`);
}
