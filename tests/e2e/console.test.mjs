/** What operators see of the ledger, in real workerd. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { useWorld } from "./harness.mjs";

const ADMIN_TOKEN = "operators-only";
const world = useWorld({ ledger: true, vars: { ADMIN_TOKEN } });
const without = useWorld({ vars: { ADMIN_TOKEN } });

async function get(path, { redrive } = world) {
  const { status, text } = await redrive.send(path, { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
  return { status, body: JSON.parse(text) };
}

test("what was done is listed, and found by the ids of the failed run and of the new one", async () => {
  const outcomes = [];
  for (let n = 0; n < 5; n += 1) {
    const { dlqId, workflowRunId: runId } = await world.qstash.plant();
    outcomes.push(JSON.parse((await world.deliver({ dlqId, runId })).text));
  }
  const first = await get("/v1/recoveries?limit=3");
  const rest = await get(`/v1/recoveries?limit=3&cursor=${encodeURIComponent(first.body.cursor)}`);
  const listed = [...first.body.recoveries, ...rest.body.recoveries];
  assert.deepEqual(listed.map(({ conclusion }) => conclusion.newRunId), outcomes.map(({ newRunId }) => newRunId).toReversed());

  const { runId, newRunId } = outcomes[0];
  for (const member of [runId, newRunId]) {
    const { status, body } = await get(`/v1/recoveries/${member}`);
    assert.equal(status, 200);
    assert.deepEqual(body.recoveries.map(({ runId }) => runId), [runId]);
    assert.equal(body.recoveries[0].conclusion.outcome, "resumed");
  }
});

test("without the token, for what is not there, and without a ledger there are errors that say so", async () => {
  assert.equal((await world.redrive.send("/v1/recoveries")).status, 401);
  assert.equal((await get("/v1/recoveries/wfr_unknown")).status, 404);
  const unbound = await get("/v1/recoveries", without);
  assert.equal(unbound.status, 501);
  assert.match(unbound.body.error, /LEDGER/);
});
