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

test("a decision says which rule matched, and what those before it missed", () => {
  const now = 1_748_527_971_000;
  const { body, headers } = failureCallback({ status: 500, response: { error: "TimeoutError", message: "order 17 timed out" }, headers: { "Upstash-Region": "EU-CENTRAL-1" } });
  const policy = {
    rules: [
      { name: "slow", when: { class: "timeout", attempt: "2-" }, action: "park" },
      { name: "late", when: { age: ">1h" }, action: "park" },
      { name: "america", when: { region: "us-east-1" }, action: "park" },
      { name: "bank", when: { regex: "order \\d+ (failed|timed out)$" }, action: "resume", target: "bank", overrides: { delay: "1m", label: "{class}-{region}" } },
      { name: "bank again", when: { regex: "order \\d+ (failed|timed out)$", status: 500 }, action: "park" },
    ],
  };
  const url = `${URL}?redrive=1.${now - 60_000}.wfr_root`;
  const { fingerprint, ...decision } = decide({ policy, url, body, headers, now });
  assert.match(fingerprint, /^[0-9a-f]{16}$/);
  assert.deepEqual(decision, {
    action: "resume",
    reason: "rule",
    rule: "bank",
    class: "timeout",
    target: "bank",
    delaySeconds: 60,
    headers: { "Upstash-Delay": "1m", "Upstash-Label": "timeout-EU_CENTRAL_1" },
    rules: [
      { rule: "slow", matched: false, failed: "attempt", value: "1" },
      { rule: "late", matched: false, failed: "age", value: "1m" },
      { rule: "america", matched: false, failed: "region", value: "EU_CENTRAL_1" },
      { rule: "bank", matched: true },
    ],
    warnings: ["rules[4] (bank again) can never match: rules[3] (bank) has all its failures"],
  });
  const other = failureCallback({ response: { error: "TimeoutError", message: "order 4711 timed out" } });
  assert.equal(decide({ url: URL, body: other.body }).fingerprint, fingerprint);
  const rule = { name: "known", when: { fingerprint }, action: "delete" };
  assert.equal(decide({ policy: { rules: [rule] }, url: URL, body: other.body }).action, "delete");
});

test("a pattern that would take other engines for ever takes none here", () => {
  const { body } = failureCallback({ response: { error: "Error", message: `${"a".repeat(2000)}!` } });
  const policy = { rules: [{ name: "evil", when: { regex: ["^(a+)+$", "^(a|a)*$", "(.*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$"] }, action: "delete" }] };
  const began = performance.now();
  assert.equal(decide({ policy, url: URL, body }).rule, "transient");
  assert.ok(performance.now() - began < 2000, `${performance.now() - began} ms`);
});

test("ten thousand rules are read and explained", () => {
  const { body } = failureCallback({ status: 503 });
  const rules = Array.from({ length: 10_000 }, (_, n) => ({ name: `rule ${n}`, when: { url: `https://shop${n}.example/pay`, status: ["5xx", 429] }, action: "park" }));
  const began = performance.now();
  const decision = decide({ policy: { rules }, url: URL, body });
  assert.deepEqual([decision.rules.length, decision.rule], [10_003, "transient"]);
  assert.ok(performance.now() - began < 5000, `${performance.now() - began} ms`);
});

test("the lineage in the URL counts", () => {
  const { body } = failureCallback({ status: 503 });
  const now = 1_748_527_971_000;
  const { action, reason } = decide({ policy: { max_attempts: 2 }, url: `${URL}?redrive=2.${now - 1000}.wfr_root`, body, now });
  assert.deepEqual([action, reason], ["park", "attempts_exhausted"]);
});
