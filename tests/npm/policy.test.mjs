/** `parseFailureCallback` and `decide`: plain objects in, plain objects out. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decide, parseFailureCallback } from "../../pkg/index.mjs";
import { failureCallback } from "../support/callback.mjs";

const URL = "https://app.example/failed";

test("a callback is read into a plain object with the fields that decide", () => {
  const { body, headers } = failureCallback({ label: "a,b", status: 429, responseHeaders: { "Retry-After": ["30"] } });
  const now = 1_748_527_971_000;
  for (const given of [headers, new Headers(headers)]) {
    const failure = parseFailureCallback(body, { headers: given, now });
    assert.equal(Object.getPrototypeOf(failure), Object.prototype);
    const { createdAt, workflowCreatedAt, ...rest } = failure;
    assert.equal(typeof createdAt, "number");
    assert.equal(createdAt, workflowCreatedAt);
    assert.deepEqual(rest, {
      workflowRunId: "wfr_failed",
      dlqId: "1700000000000-0",
      workflowUrl: "https://shop.example/order",
      status: 429,
      errorName: "Error",
      errorMessage: "the bank does not answer",
      stepName: "charge",
      labels: ["a", "b"],
      retryAt: now + 30_000,
      retried: 3,
      maxRetries: 3,
      sourceMessageId: "msg_source",
      callbackMessageId: "msg_callback",
      callbackRetried: 0,
    });
  }
  assert.deepEqual(parseFailureCallback(new TextEncoder().encode(body), { now }).labels, ["a", "b"]);
});

for (const [body, code] of [
  ["", "incomplete_body"],
  ["[]", "not_an_object"],
  ["{]", "invalid_json"],
  ['{"status":500}', "not_a_workflow"],
]) {
  test(`${body || "nothing"} is refused as ${code}`, () => {
    assert.throws(() => parseFailureCallback(body), (error) => error instanceof Error && error.code === code);
  });
}

test("a policy is tried on a callback without doing anything", () => {
  const { body } = failureCallback({ status: 503 });
  const policy = { rules: [{ name: "shop", when: { url: "https://shop.example/*", status: "5xx" }, action: "restart", overrides: { retries: 1 } }] };
  const decision = decide({ policy, url: URL, body });
  assert.deepEqual([decision.action, decision.reason, decision.rule], ["restart", "rule", "shop"]);
  assert.equal(decision.headers["Upstash-Retries"], "1");
  assert.deepEqual(decide({ policy: JSON.stringify(policy), url: URL, body }), decision);
  assert.equal(decide({ url: URL, body }).action, "resume");
});

test("the lineage in the URL counts", () => {
  const { body } = failureCallback({ status: 503 });
  const now = 1_748_527_971_000;
  const { action, reason } = decide({ policy: { max_attempts: 2 }, url: `${URL}?redrive=2.${now - 1000}.wfr_root`, body, now });
  assert.deepEqual([action, reason], ["park", "attempts_exhausted"]);
});
