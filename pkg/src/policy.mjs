/** Failure callbacks and what a policy makes of them, without doing anything. */
import { bytes, headersText, instant, invalid, joined, options, text } from "./check.mjs";
import { told, withCore } from "./instance.mjs";

export function parseFailureCallback(body, context = {}) {
  const given = options("context", context, ["headers", "now"]);
  const raw = bytes("body", body);
  const headers = headersText("headers", given.headers);
  const now = instant("now", given.now);
  return told(withCore((core) => core.ask(`parse\0${now}\0${headers}`, raw)));
}

export function decide(request) {
  const given = options("request", request, ["policy", "url", "body", "headers", "now"]);
  const policy = policyText("policy", given.policy);
  const where = joined("`policy` and `url`", [policy, text("url", given.url)]);
  const body = bytes("body", given.body);
  const headers = headersText("headers", given.headers);
  const now = instant("now", given.now);
  return told(withCore((core) => core.ask(`decide\0${now}\0${where}\0${headers}`, body)));
}

/** A policy as JSON; the default policy where there is none. */
export function policyText(name, policy) {
  if (policy === undefined) return "{}";
  if (typeof policy === "string") return policy;
  if (typeof policy !== "object" || policy === null) throw invalid(`\`${name}\` must be an object, or the JSON of one`);
  try {
    return JSON.stringify(policy);
  } catch {
    throw invalid(`\`${name}\` must be an object that JSON can say`);
  }
}
