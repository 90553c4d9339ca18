/** Rules by class, pattern, attempt, age and fingerprint on real callbacks, the templates of what they set, and what is odd about a policy. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCallback } from "../support/callback.mjs";
import { NO_BACKOFF, assertUntouched, deliverTo, startFor, useWorld } from "./harness.mjs";

const ADMIN_TOKEN = "operators-only";

const EVIL = "^(a+)+$";
const RULES = [
  { name: "evil", when: { regex: EVIL }, action: "delete" },
  { name: "late", when: { age: ">1h", class: "server_error" }, action: "park" },
  { name: "again", when: { attempt: "2-", class: "server_error" }, action: "restart" },
  {
    name: "slow",
    when: { class: "timeout", regex: "order \\d+ timed out after [\\d.]+ ?(ms|s)$" },
    action: "resume",
    target: "bank of {step}",
    overrides: { delay: "90s", label: ["{class}", "{label}", "try-{attempt}"], flow_control: { key: "{target}.{region}", rate: 5 } },
  },
];
const world = useWorld({ policy: { backoff: NO_BACKOFF, rules: RULES }, vars: { ADMIN_TOKEN } });

const lineage = (attempt, ago = 0) => `/?redrive=${attempt}.${Date.now() - ago}.wfr_root`;
const timedOut = (order, seconds) => ({ response: { error: "TimeoutError", message: `order ${order} timed out after ${seconds}s` } });

async function outcomeOf(options) {
  const answer = await world.deliverPlanted(options);
  assert.equal(answer.status, 200, answer.text);
  const { outcome, rule } = JSON.parse(answer.text);
  return [outcome, rule];
}

test("class and pattern choose the rule, whose templates are filled in for the run", async () => {
  const options = { ...timedOut(17, 30.5), label: "orders,night", headers: { "Upstash-Region": undefined } };
  assert.deepEqual(await outcomeOf(options), ["resumed", "slow"]);
  const [{ headers }] = await world.qstash.requests();
  assert.equal(headers["upstash-delay"], "90s");
  assert.equal(headers["upstash-label"], "timeout,orders,try-0");
  assert.equal(headers["upstash-flow-control-key"], "bank-of-charge.none");
  assert.deepEqual(await outcomeOf({ response: { error: "TimeoutError", message: "another" } }), ["resumed", "transient"]);
});

test("the count of attempts and the age of the lineage choose the rule", async () => {
  assert.deepEqual(await outcomeOf({ path: lineage(1) }), ["resumed", "transient"]);
  assert.deepEqual(await outcomeOf({ path: lineage(2) }), ["restarted", "again"]);
  assert.deepEqual(await outcomeOf({ path: lineage(2, 3_601_000) }), ["parked", "late"]);
});

test("failures of one kind have one fingerprint in the log, and a rule can name it", async (t) => {
  for (const [order, seconds] of [[17, 30.5], [4711, 2]]) await world.deliverPlanted(timedOut(order, seconds));
  await world.deliverPlanted();
  const [one, two, other] = await world.redrive.logs();
  assert.match(one.fingerprint, /^[0-9a-f]{16}$/);
  assert.deepEqual([one.failureClass, two.fingerprint], ["timeout", one.fingerprint]);
  assert.notEqual(other.fingerprint, one.fingerprint);

  const rules = [{ name: "known", when: { fingerprint: one.fingerprint }, action: "park" }];
  const redrive = await startFor(t, { vars: { QSTASH_URL: world.qstash.url, POLICY: { rules } } });
  assert.equal(JSON.parse((await deliverTo(redrive, timedOut(99, 1))).text).rule, "known");
});

test("a pattern that would take other engines for ever takes no time here", async () => {
  const began = performance.now();
  const response = { error: "Error", message: `${"a".repeat(2000)}!` };
  assert.deepEqual(await outcomeOf({ response }), ["resumed", "transient"]);
  assert.ok(performance.now() - began < 2000, `${performance.now() - began} ms`);
});

test("a rule that can never match is said in the log, once", async (t) => {
  const rules = [
    { name: "all", when: { status: "5xx" }, action: "park" },
    { name: "never", when: { status: 503, label: "a" }, action: "resume" },
  ];
  const redrive = await startFor(t, { vars: { QSTASH_URL: world.qstash.url, POLICY: { rules } } });
  for (let n = 0; n < 3; n += 1) assert.equal((await redrive.send("/healthz")).status, 200);
  const lines = (await redrive.logs()).filter(({ event }) => event === "policy_warnings");
  assert.deepEqual(lines, [{ event: "policy_warnings", warnings: ["rules[1] (never) can never match: rules[0] (all) has all its failures"] }]);
});

/** What `POST /v1/decide` says. */
async function decided(request, token = ADMIN_TOKEN) {
  const headers = { Authorization: `Bearer ${token}` };
  const { status, text } = await world.redrive.send("/v1/decide", { method: "POST", headers, body: JSON.stringify(request) });
  return { status, ...JSON.parse(text) };
}

test("POST /v1/decide tells what the deployed policy makes of a recorded callback, and why, and does nothing", async () => {
  const { body, headers } = failureCallback({ ...timedOut(17, 30.5), label: "orders" });
  const { fingerprint, ...decision } = await decided({ callback: JSON.parse(body), headers: { ...headers, "Upstash-Region": "US-EAST-1" } });
  assert.match(fingerprint, /^[0-9a-f]{16}$/);
  assert.deepEqual(decision, {
    status: 200,
    action: "resume",
    reason: "rule",
    rule: "slow",
    class: "timeout",
    target: "bank of charge",
    delaySeconds: 90,
    headers: {
      "Upstash-Delay": "90s",
      "Upstash-Flow-Control-Key": "bank-of-charge.US_EAST_1",
      "Upstash-Flow-Control-Value": "rate=5",
      "Upstash-Label": "timeout,orders,try-0",
    },
    rules: [
      { rule: "evil", matched: false, failed: "regex", value: "order 17 timed out after 30.5s" },
      { rule: "late", matched: false, failed: "class", value: "timeout" },
      { rule: "again", matched: false, failed: "class", value: "timeout" },
      { rule: "slow", matched: true },
    ],
    warnings: [],
  });
  assert.equal((await decided({ callback: body, policy: {} })).rule, "transient");
  const late = await decided({ callback: failureCallback().body, url: `${world.redrive.url}${lineage(2, 3_601_000)}` });
  assert.deepEqual([late.action, late.rule], ["park", "late"]);
  await assertUntouched(world);
  assert.deepEqual(await world.redrive.logs(), []);
});

test("POST /v1/decide is for operators, and says what is wrong", async () => {
  const { body } = failureCallback();
  assert.equal((await decided({ callback: body }, "guessed")).status, 401);
  for (const [request, error] of [
    [{}, /^callback must be the body of a failure callback/],
    [{ callback: body, polcy: {} }, /^polcy is unknown; accepted are policy, callback, headers, url, now$/],
    [{ callback: body, policy: { rules: [{ name: "a", action: "park", when: { regex: "(a)\\1" } }] } }, /^policy\.rules\[0\]\.when\.regex must be .*: a back-reference at character 3$/],
    [{ callback: "{}" }, /^callback is not about a workflow run/],
  ]) {
    const refused = await decided(request);
    assert.equal(refused.status, 400);
    assert.match(refused.error, error);
  }
});
