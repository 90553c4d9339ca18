/** Analytics Engine: a data point for each callback, and never an error for one. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startLocalQstash } from "../support/local-qstash.mjs";
import { startRedrive } from "../support/redrive.mjs";
import { deliverTo, startFor } from "./harness.mjs";

let qstash;
let redrive;
const vars = () => ({ QSTASH_URL: qstash.url, POLICY: { overrides: { delay: "25s" } } });
before(async () => {
  qstash = await startLocalQstash({ timeScale: 1 });
  redrive = await startRedrive({ vars: vars(), analytics: "kept" });
});
after(async () => {
  await redrive?.stop();
  await qstash?.stop();
});

async function deliverPlanted(to, options) {
  const { dlqId, workflowRunId: runId } = await qstash.plant();
  return deliverTo(to, { dlqId, runId, ...options });
}

test("each callback is one data point: words to group by and numbers to add up, no ids", async () => {
  const secret = "top-secret-thing";
  const answer = await deliverPlanted(redrive, { status: 503, payload: secret, response: { message: secret }, headers: { Authorization: secret } });
  assert.equal(JSON.parse(answer.text).outcome, "resumed");
  await deliverTo(redrive, { signature: null });
  const points = JSON.parse((await redrive.send("/data-points")).text);
  assert.equal(points.length, 2);

  const [{ indexes, blobs, doubles }, refused] = points;
  assert.deepEqual(indexes, ["https://shop.example/order"]);
  assert.deepEqual(blobs.slice(0, 5), ["resumed", "", "transient", "https://shop.example/order", "server_error"]);
  assert.match(blobs[5], /^[0-9a-f]{16}$/);
  const [attempt, status, total, api, calls, delay, duplicate] = doubles;
  assert.deepEqual([attempt, status, calls, delay, duplicate], [1, 503, 1, 25, 0]);
  assert.ok(total >= api && api >= 0 && total < 30_000);
  assert.deepEqual(refused.blobs.slice(0, 2), ["refused", "signature_missing"]);
  assert.deepEqual(refused.doubles, [0, 0, refused.doubles[2], 0, 0, 0, 0]);
  assert.ok(!JSON.stringify(points).includes(secret));
});

test("a dataset as the runtime has it is written to", async (t) => {
  const other = await startFor(t, { vars: vars(), analytics: "dropped" });
  assert.equal((await deliverPlanted(other)).status, 200);
  const lines = await other.logs();
  assert.deepEqual(lines.map(({ event }) => event), ["failure_callback"]);
});

test("a dataset that throws costs a line in the log, and no callback", async (t) => {
  const other = await startFor(t, { vars: { ...vars(), ANALYTICS: { broken: true } } });
  assert.equal(JSON.parse((await deliverPlanted(other)).text).outcome, "resumed");
  const lines = (await other.logs()).filter(({ event }) => event === "analytics");
  assert.equal(lines[0].outcome, "lost");
  assert.match(lines[0].detail, /writeDataPoint/);
});
