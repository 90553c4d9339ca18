/** The seven headers that change a resumed or restarted run, and how malformed ones are refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertError, clientOf, failedEntry, host, poll, retryWaits, startRecorder, stepCounter, useLocalQstash } from "./harness.mjs";

const qstash = useLocalQstash();

/** Fails a run in its only step, resumes it with the headers, and waits until it fails again. */
async function failTwice(t, action, headers, trigger = {}) {
  const counter = stepCounter();
  counter.break("charge");
  const app = await host(t, qstash, {
    routes: { "/order": async (context) => void (await context.run("charge", counter.step("charge"))) },
  });
  const failed = await clientOf(qstash).trigger({
    url: `${app.url}/order`,
    label: "gold",
    retries: 1,
    retryDelay: "1000",
    flowControl: { key: "orders", parallelism: 2 },
    ...trigger,
  });
  const { dlqId } = await failedEntry(qstash, failed.workflowRunId);
  const response = await act(action, dlqId, headers);
  assert.ok(response.ok, `status ${response.status}`);
  const resumedAt = performance.now();
  const { workflowRunId } = await response.json();
  const entry = await failedEntry(qstash, workflowRunId);
  const deliveries = app.deliveries.filter(
    ({ headers: seen }) => seen["upstash-workflow-runid"] === workflowRunId && !seen["upstash-workflow-is-failure"],
  );
  return { app, counter, workflowRunId, entry, deliveries, elapsed: performance.now() - resumedAt };
}

function act(action, dlqId, headers) {
  return qstash.api(`/v2/workflows/dlq/${action}/${dlqId}`, { method: "POST", headers });
}

for (const action of ["resume", "restart"]) {
  test(`${action}: without headers everything is as the run was triggered`, async (t) => {
    const { app, workflowRunId, entry, deliveries } = await failTwice(t, action, {});
    assert.equal(deliveries.length, 2);
    assert.deepEqual(await retryWaits(qstash, workflowRunId), [1000]);
    assert.deepEqual([entry.flowControlKey, entry.parallelism, entry.labels], ["orders", 2, ["gold"]]);
    assert.equal(entry.failureCallback, `${app.url}/order`);
  });

  test(`${action}: Upstash-Retries sets the number of retries`, async (t) => {
    const { entry, deliveries } = await failTwice(t, action, { "Upstash-Retries": "3" });
    assert.equal(deliveries.length, 4);
    assert.equal(entry.maxRetries, 3);
  });

  test(`${action}: Upstash-Retry-Delay sets the wait between them`, async (t) => {
    const { workflowRunId, entry } = await failTwice(t, action, { "Upstash-Retry-Delay": "2000 * (1 + retried)" });
    assert.deepEqual(await retryWaits(qstash, workflowRunId), [2000]);
    assert.equal(entry.retryDelayExpression, "2000 * (1 + retried)");
  });

  test(`${action}: Upstash-Delay holds back the first delivery`, async (t) => {
    const { elapsed } = await failTwice(t, action, { "Upstash-Delay": "5m", "Upstash-Retries": "0" });
    assert.ok(elapsed >= 290 && elapsed < 5000, `${elapsed} ms`);
  });

  test(`${action}: Upstash-Flow-Control-Key and -Value replace key and limits`, async (t) => {
    const { entry, deliveries } = await failTwice(t, action, {
      "Upstash-Flow-Control-Key": "recovery",
      "Upstash-Flow-Control-Value": "parallelism=1, rate=60, period=1m",
    });
    assert.deepEqual([entry.flowControlKey, entry.parallelism, entry.rate, entry.period], ["recovery", 1, 60, 60]);
    assert.equal(deliveries[0].headers["upstash-flow-control-key"], "recovery");
  });

  test(`${action}: Upstash-Label replaces the labels by default, and may be several`, async (t) => {
    const { entry, deliveries } = await failTwice(t, action, { "Upstash-Label": "silver,attempt-1" });
    assert.deepEqual(entry.labels, ["silver", "attempt-1"]);
    assert.equal(deliveries[0].headers["upstash-label"], "silver,attempt-1");
  });

  test(`${action}: Upstash-Failure-Callback gets the next failure, query and all`, async (t) => {
    const recorder = await startRecorder();
    t.after(recorder.stop);
    const url = `${recorder.url}/failed?root=wfr_1&attempt=2`;

    const { workflowRunId, entry } = await failTwice(t, action, { "Upstash-Failure-Callback": url });

    const [callback] = await recorder.waitFor(1);
    assert.equal(callback.path, "/failed?root=wfr_1&attempt=2");
    const body = JSON.parse(callback.body);
    assert.deepEqual([body.workflowRunId, body.dlqId], [workflowRunId, entry.dlqId]);
    assert.equal(entry.failureCallback, url);
  });
}

test("bulk calls apply the headers to every run", async () => {
  for (let index = 0; index < 3; index += 1) await qstash.plant({ workflowUrl: "http://127.0.0.1:9/", labels: ["bulk"] });

  const response = await qstash.api("/v2/workflows/dlq/resume?label=bulk&count=50", {
    method: "POST",
    headers: { "Upstash-Retries": "0", "Upstash-Label": "second" },
  });

  assert.equal((await response.json()).workflowRuns.length, 3);
  const { messages } = await poll(async () => {
    const page = await clientOf(qstash).dlq.list({ filter: { label: "second" } });
    return page.messages.length === 3 && page;
  });
  assert.ok(messages.every(({ maxRetries }) => maxRetries === 0));
});

for (const [header, value, with_ = {}] of [
  ["Upstash-Retries", "-1"],
  ["Upstash-Retries", "three"],
  ["Upstash-Retry-Delay", "1000 * bogus("],
  ["Upstash-Delay", "60"],
  ["Upstash-Delay", "soon"],
  ["Upstash-Flow-Control-Key", "with blank"],
  ["Upstash-Flow-Control-Value", "parallelism=none", { "Upstash-Flow-Control-Key": "orders" }],
  ["Upstash-Flow-Control-Value", "speed=3", { "Upstash-Flow-Control-Key": "orders" }],
  ["Upstash-Label", "not/allowed"],
  ["Upstash-Failure-Callback", "nowhere"],
]) {
  test(`${header}: ${value} is refused with 400 by name, and the entry stays`, async () => {
    const { dlqId } = await qstash.plant();
    for (const action of ["resume", "restart"]) {
      await assertError(await act(action, dlqId, { ...with_, [header]: value }), 400, new RegExp(header, "i"));
    }
    const { messages } = await clientOf(qstash).dlq.list();
    assert.deepEqual(messages.map((message) => message.dlqId), [dlqId]);
  });
}
