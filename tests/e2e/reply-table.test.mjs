/** What QStash is told for each outcome, and what reached the DLQ API. Refusals have files of their own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startRecorder } from "../support/net.mjs";
import { NO_BACKOFF, assertOutcome, assertRefused, assertUntouched, deliverTo, startFor, useWorld } from "./harness.mjs";

const SETTLE_SECS = 12;
const CHANGED = { error: "WorkflowError", message: "Incompatible step name. Expected <a>, got <b>" };
const rule = (name, when, action) => ({ name, when, action });
const world = useWorld({
  policy: {
    backoff: NO_BACKOFF,
    settle: `${SETTLE_SECS}s`,
    rules: [
      rule("afresh", { label: "afresh" }, "restart"),
      rule("worthless", { label: "worthless" }, "delete"),
      rule("by-hand", { label: "by-hand" }, "park"),
    ],
  },
});

/** Plants an entry and returns what every answer about it says. */
async function planted() {
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();
  return { about: { dlqId, runId }, said: { runId, dlqId, rootRunId: runId } };
}

test("a resumed run: 200 with the new run, one call, the entry has left the queue", async () => {
  const { about, said } = await planted();

  const answer = await world.deliver(about);

  const [{ runId: newRunId }] = (await world.qstash.timeline()).filter(({ kind }) => kind === "resumed");
  assertOutcome(answer, { outcome: "resumed", rule: "transient", ...said, newRunId, attempt: 1, delaySeconds: SETTLE_SECS });
  assert.deepEqual(await world.calls(), [`POST /v2/workflows/dlq/resume/${about.dlqId}`]);
  assert.equal((await world.qstash.api(`/v2/workflows/dlq/${about.dlqId}`)).status, 404);
});

test("a restarted run: 200 with the new run, one call", async () => {
  const { about, said } = await planted();

  const answer = await world.deliver({ ...about, label: "afresh" });

  const { newRunId, ...rest } = JSON.parse(answer.text);
  assertOutcome(answer, { newRunId, ...rest });
  assert.deepEqual(rest, { outcome: "restarted", rule: "afresh", ...said, attempt: 1, delaySeconds: SETTLE_SECS });
  assert.match(newRunId, /^wfr_/);
  assert.notEqual(newRunId, about.runId);
  assert.deepEqual(await world.calls(), [`POST /v2/workflows/dlq/restart/${about.dlqId}`]);
});

test("a deleted entry: 200, one call, the entry has left the queue", async () => {
  const { about, said } = await planted();

  const answer = await world.deliver({ ...about, label: "worthless" });

  assertOutcome(answer, { outcome: "deleted", rule: "worthless", ...said, attempt: 0 });
  assert.deepEqual(await world.calls(), [`DELETE /v2/workflows/dlq/${about.dlqId}`]);
  assert.equal((await world.qstash.api(`/v2/workflows/dlq/${about.dlqId}`)).status, 404);
});

for (const [what, options, ruleName] of [
  ["a rule of the policy", { label: "by-hand" }, "by-hand"],
  ["the application saying do not retry (489)", { status: 489 }, "non-retryable"],
  ["changed code", { status: 400, response: CHANGED }, "incompatible-step"],
  ["changed code reported as 500", { response: CHANGED }, "incompatible-step"],
  ["another client error", { status: 404 }, "anything-else"],
]) {
  test(`a parked run because of ${what}: 200 with the reason, no call, the entry stays`, async () => {
    const { about, said } = await planted();

    const answer = await world.deliver({ ...about, ...options });

    assertOutcome(answer, { outcome: "parked", reason: "rule", rule: ruleName, ...said, attempt: 0 });
    await assertUntouched(world);
    assert.equal((await world.qstash.api(`/v2/workflows/dlq/${about.dlqId}`)).status, 200);
  });
}

for (const status of [408, 425, 429, 500, 502, 503, 504, 599]) {
  test(`a run that failed with ${status} is resumed`, async () => {
    assert.equal(JSON.parse((await world.deliverPlanted({ status })).text).outcome, "resumed");
  });
}

for (const [what, status] of [["0", 0], ["left out", undefined], ["null", null]]) {
  test(`an endpoint that could not be reached (status ${what}) is called again`, async () => {
    assert.equal(JSON.parse((await world.deliverPlanted({ fields: { status } })).text).outcome, "resumed");
  });
}

test("a callback that comes twice: the second answer is the first one's, and nothing is done twice", async () => {
  const { about } = await planted();

  const first = await world.deliver(about);
  const second = await world.deliver(about);

  assertOutcome(second, { ...JSON.parse(first.text), duplicate: true });
  assert.equal((await world.calls()).length, 1);
});

test("a callback that comes twice to different isolates: the second finds the entry gone", async () => {
  const { about, said } = await planted();

  await world.deliver(about);
  await world.redrive.restart();
  const second = await world.deliver(about);

  assertOutcome(second, { outcome: "gone", rule: "transient", ...said, attempt: 0 });
  const statuses = (await world.qstash.requests()).map(({ status }) => status);
  assert.deepEqual(statuses, [200, 404]);
});

test("a callback that comes while the first one is dealt with: 503, and once more later the first one's answer", async (t) => {
  let open;
  const gate = new Promise((resolve) => (open = resolve));
  const api = await startRecorder(async () => {
    await gate;
    return { body: JSON.stringify({ workflowRunId: "wfr_new", workflowCreatedAt: 1 }) };
  });
  t.after(api.stop);
  const redrive = await startFor(t, { vars: { QSTASH_URL: api.url } });

  const first = deliverTo(redrive);
  await api.waitFor(1);
  const meanwhile = await deliverTo(redrive);
  open();
  const { status, text } = await first;

  assertRefused(meanwhile, 503, "in_progress", { retryAfter: 5 });
  assert.equal(status, 200, text);
  assertOutcome(await deliverTo(redrive), { ...JSON.parse(text), duplicate: true });
  assert.equal(api.requests.length, 1);
});

test("an entry that is gone: 200, so that QStash does not come again", async () => {
  const answer = await world.deliver({ dlqId: "1700000000000-9", runId: "wfr_unknown" });

  assertOutcome(answer, {
    outcome: "gone",
    rule: "transient",
    runId: "wfr_unknown",
    dlqId: "1700000000000-9",
    rootRunId: "wfr_unknown",
    attempt: 0,
  });
  assert.deepEqual(await world.calls(), ["POST /v2/workflows/dlq/resume/1700000000000-9"]);
});

test("a callback without its entry: the entry is looked up by the run", async () => {
  const { about, said } = await planted();
  await world.qstash.plant({ workflowRunId: `${about.runId}x` });

  const answer = await world.deliver({ ...about, dlqId: null });

  const { newRunId, ...rest } = JSON.parse(answer.text);
  assert.deepEqual(rest, { outcome: "resumed", rule: "transient", ...said, attempt: 1, delaySeconds: SETTLE_SECS });
  const [lookup, resume] = await world.qstash.requests();
  assert.deepEqual([lookup.method, lookup.path], ["GET", "/v2/workflows/dlq"]);
  assert.equal(new URLSearchParams(lookup.query).get("workflowRunId"), about.runId);
  assert.equal(resume.path, `/v2/workflows/dlq/resume/${about.dlqId}`);
});

test("a callback without its entry, of which the queue knows nothing: gone", async () => {
  const answer = await world.deliver({ dlqId: null, runId: "wfr_unknown" });

  assertOutcome(answer, { outcome: "gone", rule: "transient", runId: "wfr_unknown", rootRunId: "wfr_unknown", attempt: 0 });
  assert.deepEqual(await world.calls(), ["GET /v2/workflows/dlq"]);
});

test("an entry that the API will not resume: parked, with the API's words in the log only", async () => {
  const fault = { status: 400, body: '{"error":"workflow does not support resume"}' };
  await world.qstash.addFaults([{ match: { method: "POST" }, times: 1, fault }]);
  const { about, said } = await planted();

  const answer = await world.deliver(about);

  assertOutcome(answer, { outcome: "parked", reason: "refused_by_api", rule: "transient", ...said, attempt: 0 });
  const [line] = await world.redrive.logs();
  assert.match(line.detail, /workflow does not support resume/);
});
