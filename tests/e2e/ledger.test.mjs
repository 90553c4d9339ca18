/** The ledger in real workerd: one callback delivered often, workerd killed, the ledger gone. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { startRecorder } from "../support/net.mjs";
import { startRedrive } from "../support/redrive.mjs";
import { assertOutcome, assertRefused, deliverTo, startWorld, useWorld } from "./harness.mjs";

const world = useWorld({ ledger: true });

const resumes = async () => (await world.calls()).filter((call) => call.startsWith("POST"));

test("the same callback delivered 50 times, 10 of them at once, resumes once and has one outcome", async () => {
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();
  const deliver = () => world.deliver({ dlqId, runId });
  const answers = await Promise.all(Array.from({ length: 10 }, deliver));
  while (answers.length < 50) answers.push(await deliver());

  const [first, ...others] = answers.map(({ status, text }) => ({ status, ...JSON.parse(text) })).sort((a) => (a.duplicate ? 1 : -1));
  assert.deepEqual([first.status, first.outcome], [200, "resumed"]);
  for (const other of others) assert.deepEqual(other, { ...first, duplicate: true });
  assert.equal(answers.length, 50);
  assert.equal((await resumes()).length, 1);
});

/** A world whose ledger outlives workerd. */
async function keptWorld(t, options) {
  const folder = await mkdtemp(join(tmpdir(), "ledger-"));
  const kept = await startWorld({ ledger: folder, ...options });
  t.after(async () => {
    await kept.stop();
    await rm(folder, { recursive: true });
  });
  return kept;
}

test("another isolate, which remembers nothing, gives the first outcome too", async (t) => {
  const kept = await keptWorld(t);
  const { dlqId, workflowRunId: runId } = await kept.qstash.plant();
  const first = JSON.parse((await kept.deliver({ dlqId, runId })).text);
  await kept.redrive.restart();
  assertOutcome(await kept.deliver({ dlqId, runId }), { ...first, duplicate: true });
});

test("workerd is killed at any step of a recovery: no run is lost, and none resumed twice", async (t) => {
  // A claim is held for two calls and ten seconds.
  const kept = await keptWorld(t, { vars: { API_TIMEOUT: "100ms", POLICY: { breaker: { enabled: false } } } });
  const entries = [];
  for (const delay of [0, 5, 10, 15, 20, 30, 40, 50, 70, 100]) {
    const entry = await kept.qstash.plant();
    entries.push(entry);
    const answer = kept.deliver({ dlqId: entry.dlqId, runId: entry.workflowRunId }).catch(() => undefined);
    await setTimeout(delay);
    await kept.redrive.kill();
    await answer;
  }
  await setTimeout(10_300);
  const outcomes = [];
  for (const { dlqId, workflowRunId: runId } of entries) {
    const answer = await kept.deliver({ dlqId, runId });
    assert.equal(answer.status, 200, answer.text);
    outcomes.push(JSON.parse(answer.text));
  }
  // Killed before the call; between the call and the record; after the record.
  const at = (wanted) => outcomes.filter(({ outcome, duplicate = false }) => wanted === outcome + (duplicate ? " before" : "")).length;
  t.diagnostic(`second deliveries: ${at("resumed")} resumed, ${at("gone")} gone, ${at("resumed before")} resumed before`);
  assert.equal(at("resumed") + at("gone") + at("resumed before"), entries.length, JSON.stringify(outcomes));
  const revived = (await kept.qstash.timeline()).filter(({ kind }) => kind === "resumed").map(({ fromRunId }) => fromRunId);
  assert.deepEqual(revived.toSorted(), entries.map(({ workflowRunId }) => workflowRunId).toSorted());
});

test("workerd is killed while the call is under way: the entry that is gone was resumed", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ledger-"));
  const gone = new Set();
  let killed;
  const api = await startRecorder(async ({ method, path }) => {
    if (gone.has(path) || method !== "POST") return { status: 404 };
    gone.add(path);
    killed = redrive.kill();
    await killed;
    return {};
  });
  const redrive = await startRedrive({ ledger: folder, vars: { QSTASH_URL: api.url, API_TIMEOUT: "100ms" } });
  t.after(async () => {
    await redrive.stop();
    await api.stop();
    await rm(folder, { recursive: true });
  });
  const callback = { dlqId: "1-1" };
  await assert.rejects(deliverTo(redrive, callback));
  await killed;
  // The claim of the one that was killed still holds.
  assertRefused(await deliverTo(redrive, callback), 503, "in_progress", { retryAfter: 5 });
  await setTimeout(10_300);
  const answer = await deliverTo(redrive, callback);
  assert.deepEqual([answer.status, JSON.parse(answer.text).outcome], [200, "gone"]);
  const again = await deliverTo(redrive, callback);
  assert.deepEqual([JSON.parse(again.text).outcome, JSON.parse(again.text).duplicate], ["gone", true]);
});
