/** The breaker in real workerd: a dead target is left alone, tried, and its runs are brought back one by one. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { clientOf, host, poll, stepCounter, useLocalQstash } from "../../local-qstash/conformance/harness.mjs";
import { NO_BACKOFF, startFor } from "./harness.mjs";

// In real time: a run that is resumed while the target is dead must not fail again before the breaker has opened.
const qstash = useLocalQstash({ timeScale: 1 });

/** It opens by the third lineage that fails, and for three seconds. */
const POLICY = {
  backoff: NO_BACKOFF,
  settle: "2s",
  breaker: { minimum: 3, open: "3s", open_cap: "3s", probes: 2 },
  drain: { rate: 20, period: "2s", parallelism: 5 },
};

const RUNS = 8;

const events = async (wanted) => (await qstash.timeline()).filter(({ kind }) => kind === wanted);
const happened = (wanted, count) => poll(async () => (await events(wanted)).length >= count, { timeout: 40_000, what: `${count} × ${wanted}` });

async function startLedger(t, policy) {
  const folder = await mkdtemp(join(tmpdir(), "breaker-"));
  t.after(() => rm(folder, { recursive: true }));
  return startFor(t, { ledger: folder, vars: { QSTASH_URL: qstash.url, POLICY: { ...POLICY, ...policy } } });
}

/** An endpoint that a test can break, and runs that have failed at it. */
async function fail(t, redrive, runs) {
  const counter = stepCounter();
  const app = await host(t, qstash, {
    routes: { "/order": (context) => context.run("charge", counter.step("charge", "charged")) },
  });
  counter.break("charge");
  const trigger = { url: `${app.url}/order`, retries: 0, failureUrl: redrive.url };
  const client = clientOf(qstash);
  await Promise.all(Array.from({ length: runs }, () => client.trigger(trigger)));
  return counter;
}

test("a dead target is left alone, tried with a few, and then every run is resumed once and ends well", async (t) => {
  const redrive = await startLedger(t);
  const counter = await fail(t, redrive, RUNS);
  await happened("callback_done", RUNS);
  const outcomes = (await redrive.logs()).map(({ result }) => result.reason ?? result.outcome).sort();
  assert.deepEqual(outcomes, [...Array(RUNS - 2).fill("breaker_open"), "resumed", "resumed"]);

  // Those two fail again and are held back as well; then workerd is restarted, and the target is mended.
  await happened("callback_done", RUNS + 2);
  await redrive.restart();
  counter.mend("charge");

  await happened("run_completed", RUNS);
  const resumed = await events("resumed");
  assert.equal(resumed.length, RUNS + 2);
  assert.equal(new Set(resumed.map(({ dlqId }) => dlqId)).size, RUNS + 2);
  const drained = resumed.slice(2).map(({ headers }) => headers);
  for (const headers of drained) {
    assert.match(headers["Upstash-Flow-Control-Key"], /^redrive-http-127.0.0.1-\d+-order-\d+$/);
    assert.equal(headers["Upstash-Flow-Control-Value"], "parallelism=5, rate=20, period=2s");
  }
  assert.deepEqual((await clientOf(qstash).dlq.list()).messages, []);
});

test("as long as the target is dead, it is only tried; each try costs one run one attempt", async (t) => {
  const redrive = await startLedger(t);
  const counter = await fail(t, redrive, RUNS);
  // Two at once, and by twos after 3 seconds each.
  await happened("resumed", 6);
  const times = (await events("resumed")).map(({ at }) => at);
  assert.ok(times[2] - times[1] > 2000 && times[4] - times[3] > 2000, `${times}`);
  counter.mend("charge");
  await happened("run_completed", RUNS);
  const lineages = (await events("resumed")).map(({ headers }) => headers["Upstash-Failure-Callback"]);
  const attempts = lineages.map((url) => Number(/redrive=(\d+)\./.exec(decodeURIComponent(url))[1]));
  assert.ok(Math.max(...attempts) <= 3, `${attempts}`);
});

test("the kill switch holds everything back, with and without a ledger", async (t) => {
  for (const ledger of [true, false]) {
    await qstash.reset();
    const redrive = await startFor(t, { ledger, vars: { QSTASH_URL: qstash.url, POLICY: { ...POLICY, paused: true } } });
    await fail(t, redrive, 2);
    await happened("callback_done", 2);
    const outcomes = (await redrive.logs()).map(({ result }) => `${result.outcome} ${result.reason}`);
    assert.deepEqual(outcomes, ["deferred paused", "deferred paused"]);
    assert.deepEqual(await events("resumed"), []);
  }
});
