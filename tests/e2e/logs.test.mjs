/** What the operator reads: one JSON line for each callback, with what came of it and where the time went, and never a secret. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEV_SECRETS } from "../support/redrive.mjs";
import { NO_BACKOFF, assertRefused, useStandIn, useWorld } from "./harness.mjs";

const world = useWorld({
  policy: { backoff: NO_BACKOFF, rules: [{ name: "worthless", when: { label: "worthless" }, action: "delete" }] },
});

/** A line without its durations, which are checked to be whole milliseconds. */
function timeless({ totalMs, apiMs, ...rest }) {
  assert.ok(Number.isInteger(totalMs) && Number.isInteger(apiMs) && apiMs >= 0 && apiMs <= totalMs, `${apiMs} of ${totalMs}`);
  return rest;
}

for (const [what, options, result, calls] of [
  ["resumed", {}, { outcome: "resumed", rule: "transient", delaySeconds: 10, attempt: 1 }, 1],
  ["deleted", { label: "worthless" }, { outcome: "deleted", rule: "worthless", attempt: 0 }, 1],
  ["parked", { status: 489 }, { outcome: "parked", reason: "rule", rule: "non-retryable", attempt: 0 }, 0],
]) {
  test(`one line for a callback that is ${what}`, async () => {
    const { dlqId, workflowRunId: runId } = await world.qstash.plant();
    const answer = JSON.parse((await world.deliver({ dlqId, runId, ...options })).text);

    const lines = await world.redrive.logs();

    const newRunId = answer.newRunId && { newRunId: answer.newRunId };
    assert.deepEqual(lines.map(timeless), [
      {
        event: "failure_callback",
        result: { ...result, runId, dlqId, rootRunId: runId, ...newRunId },
        failureStatus: options.status ?? 500,
        failureClass: options.status === 489 ? "non_retryable" : "server_error",
        // Of the status, "Error", "the bank does not answer" and the step "charge".
        fingerprint: options.status === 489 ? "17f7931bd02bf667" : "2aa6a1c248faf188",
        apiCalls: calls,
      },
    ]);
    assert.deepEqual(lines[0].result, answer, "the operator reads what QStash was told");
  });
}

test("one line for a duplicate, with its first conclusion and no call", async () => {
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();
  await world.deliver({ dlqId, runId });
  await world.redrive.logs();

  await world.deliver({ dlqId, runId });

  const [line, ...others] = await world.redrive.logs();
  assert.deepEqual([line.result.outcome, line.result.duplicate, line.apiCalls, others], ["resumed", true, 0, []]);
});

test("one line for a refusal, with no more than its reason before the signature is checked", async () => {
  for (const [options, reason] of [
    [{ sign: { key: "sig_forged" } }, "signature_mismatch"],
    [{ sent: "{}" }, "body_hash_mismatch"],
    [{ body: "[]" }, "not_an_object"],
    [{ path: "/?redrive=x" }, "malformed_lineage"],
  ]) {
    await world.deliver(options);
    const lines = await world.redrive.logs();
    assert.deepEqual(lines.map(timeless), [{ event: "failure_callback", result: { outcome: "refused", reason }, apiCalls: 0 }]);
  }
});

test("strangers fill no log: ten lines in a second, and how many had none", async () => {
  let sent = 0;
  const refused = async (count) => {
    const answers = await Promise.all(Array.from({ length: count }, () => world.deliver({ signature: null })));
    for (const answer of answers) assertRefused(answer, 401, "signature_missing");
    sent += count;
    return world.redrive.logs();
  };
  const lines = await refused(60);
  assert.ok(lines.length <= 30, `${lines.length} lines`);
  // The first line of the next second tells of the rest.
  while (lines.reduce((sum, { omitted = 0 }) => sum + omitted + 1, 0) < sent) {
    assert.ok(sent < 10_000, `${sent} sent, and only so much is told: ${JSON.stringify(lines)}`);
    lines.push(...(await refused(1)));
  }
  assert.ok(lines.some(({ omitted }) => omitted > 0), JSON.stringify(lines));
});

test("one line for a failing API, with its own words and the time it took", async () => {
  await world.qstash.addFaults([{ match: { method: "POST" }, times: 1, fault: { delayMs: 60 } }]);
  await world.deliverPlanted();
  const [slow] = await world.redrive.logs();
  assert.ok(slow.apiMs >= 55 && slow.totalMs >= slow.apiMs, JSON.stringify(slow));

  await world.qstash.addFaults([{ match: { method: "POST" }, times: 1, fault: { status: 503, body: '{"error":"in maintenance"}' } }]);
  await world.deliverPlanted();
  const [line, ...others] = await world.redrive.logs();
  assert.deepEqual([line.result.outcome, line.result.reason, line.apiCalls, others], ["refused", "api_server_error", 2, []]);
  assert.match(line.detail, /503.*in maintenance/);
  assert.match(line.result.runId, /^wfr_/);
});

test("lines that somebody should look at are errors, strangers' requests are not", async () => {
  const levelOf = async (options) => {
    await world.redrive.logs();
    const before = world.redrive.printed().length;
    await world.deliverPlanted(options);
    await world.redrive.logs();
    return world.redrive.printed()[before].level;
  };
  assert.equal(await levelOf({}), "log");
  assert.equal(await levelOf({ status: 489 }), "log");
  assert.equal(await levelOf({ sign: { key: "sig_forged" } }), "log");
  assert.equal(await levelOf({ body: "no JSON" }), "error");
  await world.qstash.addFaults([{ match: { method: "POST" }, times: 1, fault: { status: 401 } }]);
  assert.equal(await levelOf({}), "error");
});

test("routes that are no callback print nothing", async () => {
  await world.redrive.logs();
  await world.redrive.send("/healthz");
  await world.redrive.send("/");
  await world.redrive.send("/nope", { method: "POST" });
  assert.deepEqual(await world.redrive.logs(), []);
});

/** Every place from which a secret could leak, each with its own mark. */
const CANARIES = {
  payload: "canary-payload",
  response: "canary-response-stack",
  header: "canary-forwarded-header",
  source: "canary-source-header",
  answer: "canary-response-header",
  token: "canary-token-0123456789",
  currentKey: "sig_canary_current",
  nextKey: "sig_canary_next",
};
const CANARY_SECRETS = {
  QSTASH_TOKEN: CANARIES.token,
  QSTASH_CURRENT_SIGNING_KEY: CANARIES.currentKey,
  QSTASH_NEXT_SIGNING_KEY: CANARIES.nextKey,
};
const loaded = {
  payload: CANARIES.payload,
  response: { error: "Error", message: "no answer", stack: CANARIES.response },
  responseHeaders: { "Set-Cookie": [CANARIES.answer] },
  headers: { Authorization: `Bearer ${CANARIES.header}`, Cookie: CANARIES.header, "X-Tenant": CANARIES.header },
  fields: { sourceHeader: { Authorization: [CANARIES.source] } },
};
const padding = (length) => "x".repeat(length);

const canary = useStandIn({ secrets: CANARY_SECRETS });

for (const [what, answer, options] of [
  ["resumes", () => ({ body: '{"workflowRunId":"wfr_new"}' }), {}],
  ["finds the entry gone", () => ({ status: 404 }), {}],
  ["finds nothing in the queue", () => ({ body: '{"messages":[]}' }), { dlqId: null }],
  ["is refused by an API that repeats the token", () => ({ status: 401, body: `{"error":"bad token ${CANARIES.token}"}` }), {}],
  ["is parked by an API that repeats the token", () => ({ status: 400, body: `no: Bearer ${CANARIES.token}` }), {}],
  ["meets an error that repeats the token at its cut", () => ({ status: 500, body: `${padding(495)}${CANARIES.token}` }), {}],
  ["meets an error that repeats the token inside words", () => ({ status: 500, body: `a${CANARIES.token}b` }), {}],
  ["meets an answer with half a token in its header", () => ({ status: 429, headers: { "retry-after": CANARIES.token } }), {}],
  ["meets an answer that makes no sense", () => ({ body: CANARIES.token }), {}],
  ["is signed with another key", () => ({}), { sign: { key: "sig_forged" } }],
  ["was altered", () => ({}), { sent: `{"${CANARIES.payload}":1}` }],
  ["is not JSON", () => ({}), { body: CANARIES.payload }],
  ["has a bad id", () => ({}), { dlqId: `${CANARIES.payload} with blanks` }],
  ["has a bad status", () => ({}), { fields: { status: CANARIES.payload } }],
  ["has a bad lineage", () => ({}), { path: `/?redrive=${CANARIES.payload}` }],
]) {
  test(`no secret is printed or answered when a callback ${what}`, async () => {
    canary.answer = answer;
    const before = canary.redrive.printed().length;
    const key = options.sign?.key ?? CANARIES.currentKey;

    const reply = await canary.deliver({ ...loaded, ...options, sign: { key } });

    assert.equal((await canary.redrive.logs()).length, 1);
    const seen = JSON.stringify([canary.redrive.printed().slice(before), reply]);
    for (const [place, canary] of Object.entries(CANARIES)) assert.ok(!seen.includes(canary), `${place} in ${seen}`);
    assert.ok(!seen.includes("canary"), `a part of a secret in ${seen}`);
    assert.ok(!seen.includes("eyJ"), `a signature in ${seen}`);
    for (const { headers, ...request } of canary.requests) {
      assert.equal(headers.authorization, `Bearer ${CANARIES.token}`);
      const rest = JSON.stringify({ ...request, headers: { ...headers, authorization: "" } });
      assert.ok(!rest.includes("canary"), `more than the token goes to the API: ${rest}`);
    }
  });
}

test("the development secrets of these tests are in no line either", async () => {
  await world.deliverPlanted();
  await world.redrive.logs();
  const printed = JSON.stringify(world.redrive.printed());
  for (const secret of Object.values(DEV_SECRETS)) assert.ok(!printed.includes(secret));
});
