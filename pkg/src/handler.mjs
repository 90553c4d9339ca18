/** The callback pipeline as a function from request to response, to mount in any framework. */
import { callable, headersText, invalid, joined, number, options, secret, text } from "./check.mjs";
import { instance, sound, withCore } from "./instance.mjs";
import { MemoryLedger } from "./ledger.mjs";
import { policyText } from "./policy.mjs";
import { NOTHING, joined as whole, perform, readChunks } from "./transport.mjs";

/** Each setting, and its official name. */
const SETTINGS = {
  token: "QSTASH_TOKEN",
  baseUrl: "QSTASH_URL",
  currentSigningKey: "QSTASH_CURRENT_SIGNING_KEY",
  nextSigningKey: "QSTASH_NEXT_SIGNING_KEY",
  publicUrl: "PUBLIC_URL",
  policy: "POLICY",
  clockTolerance: "CLOCK_TOLERANCE",
  timeout: "API_TIMEOUT",
  maxBodyBytes: "MAX_BODY_BYTES",
};
const REQUIRED = ["token", "currentSigningKey", "nextSigningKey"];

export function createHandler(settings) {
  const given = options("settings", settings, [...Object.keys(SETTINGS), "fetch", "ledger", "log"]);
  const texts = readSettings(given);
  const fetch = callable("fetch", given.fetch, (...call) => globalThis.fetch(...call));
  const log = callable("log", given.log, print);
  const ledger = given.ledger ?? new MemoryLedger();
  if (typeof ledger.claim !== "function" || typeof ledger.record !== "function") throw invalid("`ledger` must be an object with `claim` and `record`");
  let holder = make(texts);

  return async (request) => {
    if (typeof request?.url !== "string" || typeof request.headers?.get !== "function") throw invalid("`request` must be a Request");
    if (request.method !== "POST") return refusal(405, "method_not_allowed", "accepted is POST", { Allow: "POST" });
    try {
      // After a panic the handler belongs to an instance that is gone.
      if (holder.core !== instance()) holder = make(texts);
      const reply = await deliver(holder, request, { fetch, ledger });
      log(reply.log, reply.isError);
      return new Response(reply.body, { status: reply.status, headers: reply.headers });
    } catch (error) {
      if (error?.code !== "internal") throw error;
      log({ event: "failure_callback", outcome: "refused", reason: "internal", detail: String(error.cause) }, true);
      return refusal(503, "internal", "not possible at the moment; deliver the callback again", { "Retry-After": "10" });
    }
  };
}

/** From a request to the reply of the core. */
async function deliver({ core, handler }, request, shell) {
  const headers = headersText("headers", request.headers);
  const url = joined("`request.url`", [request.url]);
  const work = withCore(() => handler.begin(`${url}\0${headers}`));
  try {
    return await perform(work, shell, (limit, keep) => bringBody(work, request, limit, keep));
  } finally {
    if (core === instance()) withCore(() => work.free());
  }
}

/** Brings the body, and returns it where it has no more than `keep` bytes. */
async function bringBody(work, request, limit, keep = 0) {
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > limit) return withCore(() => work.bring("body\0too_large", NOTHING));
  const chunks = [];
  let length = 0;
  let end;
  try {
    const read = await readChunks(request.body, limit, (chunk) => {
      withCore(() => work.push(chunk));
      length += chunk.length;
      if (length <= keep) chunks.push(chunk);
      else chunks.length = 0;
    });
    end = read === undefined ? "too_large" : "whole";
  } catch (error) {
    if (error?.code === "internal") throw error;
    end = "lost";
  }
  withCore(() => work.bring(`body\0${end}`, NOTHING));
  return length <= keep ? whole(chunks, length) : undefined;
}

/** The settings as texts under their official names. */
function readSettings(given) {
  for (const name of REQUIRED) secret(name, given[name]);
  for (const name of ["baseUrl", "publicUrl"]) text(name, given[name], { optional: true });
  const seconds = (name) => (given[name] === undefined ? undefined : `${number(name, given[name], { max: 300 })}s`);
  const millis = given.timeout === undefined ? undefined : `${number("timeout", given.timeout, { min: 1, max: 300_000, whole: true })}ms`;
  const size = given.maxBodyBytes === undefined ? undefined : String(number("maxBodyBytes", given.maxBodyBytes, { min: 1, max: 2 ** 40, whole: true }));
  const values = { ...given, policy: policyText("policy", given.policy), clockTolerance: seconds("clockTolerance"), timeout: millis, maxBodyBytes: size };
  const pairs = Object.entries(SETTINGS).map(([name, official]) => [official, values[name]]);
  return joined("`settings`", pairs.filter(([, value]) => value !== undefined).flat());
}

/** A handler, with the instance that it belongs to. */
function make(texts) {
  try {
    return withCore((core) => ({ core, handler: sound(new core.Work(`handler\0${texts}`)) }));
  } catch (error) {
    if (error.code !== "invalid_setting") throw error;
    const [name] = Object.entries(SETTINGS).find(([, official]) => official === error.setting) ?? [error.setting];
    throw invalid(error.message.replace(error.setting, `\`${name}\``));
  }
}

function refusal(status, code, message, headers) {
  return Response.json({ error: { code, message } }, { status, headers });
}

function print(line, isError) {
  (isError ? console.error : console.log)(JSON.stringify(line));
}
