/** Receiver: is a request really QStash's? */
import { bytes, failure, invalid, number, options, secret, text } from "./check.mjs";
import { withCore } from "./instance.mjs";

const KEYS = ["currentSigningKey", "nextSigningKey"];
const REGIONS = ["EU_CENTRAL_1", "US_EAST_1"];

export class Receiver {
  #keys;

  constructor(config = {}) {
    const given = options("config", config, KEYS);
    for (const name of KEYS) if (given[name] !== undefined) secret(name, given[name]);
    if ((given.currentSigningKey === undefined) !== (given.nextSigningKey === undefined)) {
      throw invalid("`currentSigningKey` and `nextSigningKey` must be given together, or both come from the environment");
    }
    this.#keys = given.currentSigningKey === undefined ? undefined : [given.currentSigningKey, given.nextSigningKey];
  }

  async verify(request) {
    const given = options("request", request, ["signature", "body", "url", "clockTolerance", "upstashRegion"]);
    if (typeof given.signature !== "string") throw invalid("`signature` must be the Upstash-Signature header, a text");
    const body = bytes("body", given.body);
    const url = text("url", given.url, { optional: true });
    const tolerance = number("clockTolerance", given.clockTolerance, { max: 86_400, fallback: 0 });
    const [current, next] = this.#keys ?? environmentKeys(text("upstashRegion", given.upstashRegion, { optional: true }));
    withCore((core) => core.verifySignature(current, next, given.signature, url, body, Date.now(), tolerance));
    return true;
  }
}

/** The keys of the environment: those of the region where the request names one that is set, else those without. */
function environmentKeys(region) {
  const environment = globalThis.process?.env ?? {};
  const named = region?.toUpperCase().replaceAll("-", "_");
  const prefixes = REGIONS.includes(named) ? [`${named}_`, ""] : [""];
  for (const prefix of prefixes) {
    const keys = ["CURRENT", "NEXT"].map((which) => environment[`${prefix}QSTASH_${which}_SIGNING_KEY`]);
    if (keys.every(Boolean)) return keys;
  }
  throw failure(
    "missing_signing_keys",
    "no signing keys: give `currentSigningKey` and `nextSigningKey`, or set QSTASH_CURRENT_SIGNING_KEY and QSTASH_NEXT_SIGNING_KEY",
  );
}
