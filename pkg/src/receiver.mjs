/** Receiver: is a request really QStash's? */
import { bytes, failure, invalid, joined, noDevMode, number, options, secret, text } from "./check.mjs";
import { digestOf } from "./digest.mjs";
import { fromEnvironment, variable } from "./environment.mjs";
import { told, withCore } from "./instance.mjs";
import { NOTHING } from "./transport.mjs";

const KEYS = ["currentSigningKey", "nextSigningKey"];
const ENVIRONMENT = ["QSTASH_CURRENT_SIGNING_KEY", "QSTASH_NEXT_SIGNING_KEY"];
/** From this length on, hashing costs more than checking the token. */
const LARGE = 4096;

export class Receiver {
  #keys;

  constructor(config = {}) {
    const given = options("config", config, [...KEYS, "devMode"]);
    noDevMode(given.devMode);
    for (const name of KEYS) if (given[name] !== undefined) secret(name, given[name]);
    if ((given.currentSigningKey === undefined) !== (given.nextSigningKey === undefined)) {
      throw invalid("`currentSigningKey` and `nextSigningKey` must be given together, or both come from the environment");
    }
    this.#keys = given.currentSigningKey === undefined ? undefined : [given.currentSigningKey, given.nextSigningKey];
  }

  async verify(request) {
    const given = options("request", request, ["signature", "body", "url", "clockTolerance", "upstashRegion"]);
    if (typeof given.signature !== "string") throw invalid("`signature` must be the Upstash-Signature header, a text");
    const body = typeof given.body === "string" ? given.body : bytes("body", given.body);
    const url = text("url", given.url, { optional: true });
    const tolerance = number("clockTolerance", given.clockTolerance, { max: 86_400, fallback: 0 });
    const region = given.upstashRegion;
    if (region !== undefined && typeof region !== "string") throw invalid("`upstashRegion` must be the Upstash-Region header, a text");
    const [current, next] = this.#keys ?? environmentKeys(region);
    const by = joined("`url`", [current, next, url, Date.now(), Math.trunc(tolerance * 1000)]);
    const check = (what, about) => told(withCore((core) => core.ask(`${what}\0${by}\0${given.signature}`, about)));
    const isLarge = body.length >= LARGE;
    // First of all the token: nobody can make us hash a large body with a forged one.
    if (isLarge) check("token", NOTHING);
    const digest = await digestOf(body, isLarge);
    if (digest === undefined) check("verify", bytes("body", body));
    else check("digest", digest);
    return true;
  }
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
