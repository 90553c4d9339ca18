/** Failure callbacks and what a policy makes of them, without doing anything. */
import { bytes, headersText, instant, invalid, options, text } from "./check.mjs";
import { withCore } from "./instance.mjs";

export function parseFailureCallback(body, context = {}) {
  const given = options("context", context, ["headers", "now"]);
  const raw = bytes("body", body);
  const headers = headersText("headers", given.headers);
  const now = instant("now", given.now);
  return JSON.parse(withCore((core) => core.parseFailureCallback(raw, headers, now)));
}

export function decide(request) {
  const given = options("request", request, ["policy", "url", "body", "headers", "now"]);
  const policy = policyText("policy", given.policy);
  const url = text("url", given.url);
  const body = bytes("body", given.body);
  const headers = headersText("headers", given.headers);
  const now = instant("now", given.now);
  return JSON.parse(withCore((core) => core.decide(policy, url, body, headers, now)));
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
