/** The ledger in real workerd: one callback delivered often, workerd killed, the ledger gone. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { assertOutcome, startWorld, useWorld } from "./harness.mjs";

const world = useWorld({ ledger: true });

const resumes = async () => (await world.calls()).filter((call) => call.startsWith("POST"));

test("the same callback delivered 50 times, 10 of them at once, resumes once and has one outcome", async () => {
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();
  const deliver = () => world.deliver({ dlqId, runId });
  const together = await Promise.all(Array.from({ length: 10 }, deliver));
  // Those that met the first one on its way were asked to come again.
  const later = together.filter(({ status }) => status === 503);
  for (const { headers } of later) assert.equal(headers["retry-after"], "5");
  const answers = together.filter(({ status }) => status !== 503);
  for (let n = answers.length; n < 50; n += 1) answers.push(await deliver());

  const [first, ...others] = answers.map(({ status, text }) => ({ status, ...JSON.parse(text) })).sort((a) => (a.duplicate ? 1 : -1));
  assert.equal(first.outcome, "resumed");
  for (const other of others) assert.deepEqual(other, { ...first, duplicate: true });
  assert.equal(answers.length, 50);
  assert.equal((await resumes()).length, 1);
});

test("another isolate, which remembers nothing, gives the first outcome too", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ledger-"));
  const kept = await startWorld({ ledger: folder });
  t.after(async () => {
    await kept.stop();
    await rm(folder, { recursive: true });
  });
  const { dlqId, workflowRunId: runId } = await kept.qstash.plant();
  const first = JSON.parse((await kept.deliver({ dlqId, runId })).text);
  await kept.redrive.restart();
  assertOutcome(await kept.deliver({ dlqId, runId }), { ...first, duplicate: true });
});
