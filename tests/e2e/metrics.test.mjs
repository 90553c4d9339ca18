/** `GET /metrics` in real workerd: in Prometheus' format, summed over shards, kept over restarts. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { poll, startRecorder } from "../support/net.mjs";
import { readMetrics } from "../support/prometheus.mjs";
import { startFor, startWorld } from "./harness.mjs";

const ADMIN_TOKEN = "operators-only";

async function scrape({ redrive }) {
  const { status, headers, text } = await redrive.send("/metrics", { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
  assert.equal(status, 200, text);
  assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  return { text, metrics: readMetrics(text) };
}

test("what was done is counted over all shards, and still there after a restart", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "metrics-"));
  const webhook = await startRecorder();
  const world = await startWorld({ ledger: folder, vars: { ADMIN_TOKEN, NOTIFY_SLACK_URL: webhook.url, NOTIFY_ON: "gave_up" } });
  t.after(async () => {
    await world.stop();
    await webhook.stop();
    await rm(folder, { recursive: true });
  });
  // Of one target so many failures would open its breaker.
  for (let n = 0; n < 12; n += 1) await world.deliverPlanted({ status: 503, url: `https://shop.example/${n}` });
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();
  for (let n = 0; n < 2; n += 1) await world.deliver({ dlqId, runId, status: 503 });
  for (let n = 0; n < 3; n += 1) await world.deliverPlanted({ status: 404 });
  await webhook.waitFor(1);
  await poll(async () => (await scrape(world)).text.includes('result="sent"} 1'), { what: "the notice to be counted" });
  await world.redrive.restart();

  const { text, metrics } = await scrape(world);
  const samples = (name) => Object.fromEntries(metrics.get(`workflow_redrive_${name}`).samples);
  assert.deepEqual(samples("outcomes_total"), { "outcome=resumed,reason=": 13, "outcome=parked,reason=rule": 3 });
  assert.deepEqual(samples("repeated_total"), { "": 1 });
  assert.deepEqual(samples("entries"), { "": 16 });
  assert.deepEqual(samples("notices_heard_total"), { "kind=gave_up": 3 });
  assert.deepEqual(samples("notices_total"), { "channel=slack,result=sent": 1 });
  assert.deepEqual(samples("notices_waiting"), { "": 0 });
  assert.doesNotMatch(text, /wfr_|msg_|shop\.example/, "no ids and no targets: there is no end of these");
});

test("metrics are for operators only, and nothing is made up where there is no ledger", async (t) => {
  const closed = await startFor(t, { ledger: true });
  assert.equal((await closed.send("/metrics")).status, 404);
  const open = await startFor(t, { vars: { ADMIN_TOKEN } });
  assert.equal((await open.send("/metrics")).status, 401);
  const authorized = { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } };
  const { status, text } = await open.send("/metrics", authorized);
  assert.equal(status, 501);
  assert.match(JSON.parse(text).error, /LEDGER/);
  assert.equal((await open.send("/metrics?x=1", authorized)).status, 400);
  assert.equal((await open.send("/metrics", { method: "POST", ...authorized })).status, 405);
});
