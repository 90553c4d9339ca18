/**
 * What holds without a ledger, with one that forgets, and with one that fails: no run is lost (P1), no lineage exceeds its
 * attempts (P3), and a forged callback changes nothing (P4).
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { NO_BACKOFF, assertRefused, startWorld } from "./harness.mjs";

const POLICY = { backoff: NO_BACKOFF, max_attempts: 3 };

async function worldFor(t, options) {
  const world = await startWorld({ policy: POLICY, ...options });
  t.after(world.stop);
  return world;
}

const resumes = async ({ qstash }) => (await qstash.requests()).filter(({ method, path }) => method === "POST" && path.includes("/resume/"));

/** Delivers the callbacks of a run that fails again and again, each to where the resume before has sent it. */
async function failUntilParked(world, between = () => {}) {
  const outcomes = [];
  for (let path = "/"; outcomes.length < 10; ) {
    const { outcome, reason, attempt, error } = JSON.parse((await world.deliverPlanted({ path })).text);
    outcomes.push(error ? error.code : reason ? `${outcome}: ${reason}` : `${outcome} ${attempt}`);
    if (outcome !== "resumed") return outcomes;
    const { headers } = (await resumes(world)).at(-1);
    const { pathname, search } = new URL(headers["upstash-failure-callback"]);
    path = pathname + search;
    await between();
  }
  return outcomes;
}

/** A callback with a wrong signature: refused, and nothing is asked of QStash. */
async function deliverForged(world) {
  const before = (await world.calls()).length;
  assertRefused(await world.deliver({ dlqId: "1-1", runId: "wfr_a", sign: { key: "sig_forged" } }), 401, "signature_mismatch");
  assert.equal((await world.calls()).length, before);
}

const SPENT = ["resumed 1", "resumed 2", "resumed 3", "parked: attempts_exhausted"];

test("without a ledger attempts are counted, duplicates resume once, a forged callback changes nothing", async (t) => {
  const world = await worldFor(t);
  await deliverForged(world);
  assert.deepEqual(await failUntilParked(world, world.redrive.restart), SPENT);
  const before = (await resumes(world)).length;
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();
  const outcomes = [];
  for (let n = 0; n < 3; n += 1) {
    outcomes.push(JSON.parse((await world.deliver({ dlqId, runId })).text).outcome);
    await world.redrive.restart();
  }
  // No isolate remembers what the one before has done; the queue does.
  assert.deepEqual(outcomes, ["resumed", "gone", "gone"]);
  assert.equal((await world.qstash.timeline()).filter(({ kind, fromRunId }) => kind === "resumed" && fromRunId === runId).length, 1);
  assert.equal((await resumes(world)).length, before + 3);
});

test("a ledger that is wiped between attempts: they are counted all the same", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ledger-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const world = await worldFor(t, { ledger: folder });
  await deliverForged(world);
  const wipe = async () => {
    await rm(folder, { recursive: true, force: true });
    await world.redrive.restart();
  };
  assert.deepEqual(await failUntilParked(world, wipe), SPENT);
});

for (const [what, ledger, code] of [
  ["throws at everything", { throws: "all" }, "ledger_unavailable"],
  ["throws at claims", { throws: "claim" }, "ledger_unavailable"],
  ["throws when it is asked about the target", { throws: "admit" }, "ledger_unavailable"],
  ["never answers a claim", { hangs: "claim" }, "ledger_unavailable"],
]) {
  test(`a ledger that ${what}: QStash is to deliver again, and nothing is sent`, async (t) => {
    const world = await worldFor(t, { ledger });
    await deliverForged(world);
    const { dlqId, workflowRunId: runId } = await world.qstash.plant();
    assertRefused(await world.deliver({ dlqId, runId }), 503, code, { retryAfter: 10 });
    assert.deepEqual(await resumes(world), []);
    assert.equal((await world.qstash.api(`/v2/workflows/dlq/${dlqId}`)).status, 200);
  });
}

test("a ledger that cannot keep what was done: it was done, once; that a run was left to a person is to come again", async (t) => {
  const world = await worldFor(t, { ledger: { throws: "settle" } });
  assert.deepEqual(await failUntilParked(world), [...SPENT.slice(0, -1), "ledger_unavailable"]);
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();
  assert.equal(JSON.parse((await world.deliver({ dlqId, runId })).text).outcome, "resumed");
  // It still holds the claim.
  assertRefused(await world.deliver({ dlqId, runId }), 503, "in_progress", { retryAfter: 5 });
  assert.equal((await world.qstash.timeline()).filter(({ kind, fromRunId }) => kind === "resumed" && fromRunId === runId).length, 1);
});
