/** Resume and restart: new runs that keep what they must and change what they are told to. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientOf, failedEntry, host, poll, runReaches, runSucceeds, stepCounter, useLocalQstash } from "./harness.mjs";

const qstash = useLocalQstash();

/** Three steps, the second of which breaks on demand; returns what the run knows about itself. */
function orderRoute(counter) {
  return async (context) => {
    const a = await context.run("reserve", counter.step("reserve", "r"));
    const b = await context.run("charge", counter.step("charge", "c"));
    const d = await context.run("ship", counter.step("ship", "s"));
    return {
      steps: a + b + d,
      payload: context.requestPayload,
      tenant: context.headers.get("x-tenant"),
      labels: context.labels,
      createdAt: context.workflowRunCreatedAt,
    };
  };
}

/** Hosts the order route, fails a run in its second step and returns everything about it. */
async function failedOrder(t, trigger = {}) {
  const counter = stepCounter();
  counter.break("charge");
  const app = await host(t, qstash, { routes: { "/order": orderRoute(counter) } });
  const client = clientOf(qstash);
  const { workflowRunId } = await client.trigger({
    url: `${app.url}/order`,
    body: { id: 1 },
    headers: { "x-tenant": "acme" },
    label: "gold",
    retries: 0,
    ...trigger,
  });
  const entry = await failedEntry(qstash, workflowRunId);
  return { app, client, counter, workflowRunId, entry };
}

/** Ids of all messages delivered for the run. */
function messageIds(app, runId) {
  const own = app.deliveries.filter(({ headers }) => headers["upstash-workflow-runid"] === runId);
  return own.map(({ headers }) => headers["upstash-message-id"]);
}

for (const lazy of ["off", "on"]) {
  test(`resume keeps finished steps, payload, headers and labels, with lazy fetch ${lazy}`, async (t) => {
    await qstash.setSwitches({ "lazy-fetch": lazy });
    t.after(() => qstash.setSwitches({ "lazy-fetch": "off" }));
    const { app, client, counter, workflowRunId, entry } = await failedOrder(t);
    assert.deepEqual(counter.runs, { reserve: 1, charge: 1 });

    counter.mend("charge");
    const { workflowRuns } = await client.dlq.resume(entry.dlqId);

    const [run] = workflowRuns;
    assert.notEqual(run.workflowRunId, workflowRunId);
    const { steps, payload, tenant, labels, createdAt } = await runSucceeds(qstash, run.workflowRunId);
    assert.deepEqual([steps, payload, tenant, labels], ["rcs", { id: 1 }, "acme", ["gold"]]);
    assert.equal(createdAt, Number(run.workflowCreatedAt));
    assert.ok(createdAt >= Number(entry.workflowCreatedAt));
    assert.deepEqual(counter.runs, { reserve: 1, charge: 2, ship: 1 });
    assert.deepEqual((await client.dlq.list()).messages, []);
    const before = messageIds(app, workflowRunId);
    assert.ok(messageIds(app, run.workflowRunId).every((id) => !before.includes(id)), "messages get new ids");
  });

  test(`restart runs every step again with the original payload, with lazy fetch ${lazy}`, async (t) => {
    await qstash.setSwitches({ "lazy-fetch": lazy });
    t.after(() => qstash.setSwitches({ "lazy-fetch": "off" }));
    const { client, counter, workflowRunId, entry } = await failedOrder(t);

    counter.mend("charge");
    const { workflowRuns } = await client.dlq.restart(entry.dlqId);

    const [run] = workflowRuns;
    assert.notEqual(run.workflowRunId, workflowRunId);
    const { steps, payload, tenant, labels } = await runSucceeds(qstash, run.workflowRunId);
    assert.deepEqual([steps, payload, tenant, labels], ["rcs", { id: 1 }, "acme", ["gold"]]);
    assert.deepEqual(counter.runs, { reserve: 2, charge: 2, ship: 1 });
  });
}

test("a run that failed in its first step can be resumed", async (t) => {
  const counter = stepCounter();
  counter.break("only");
  const app = await host(t, qstash, { routes: { "/one": async (context) => context.run("only", counter.step("only", 1)) } });
  const client = clientOf(qstash);
  const { workflowRunId } = await client.trigger({ url: `${app.url}/one`, retries: 0 });
  const { dlqId } = await failedEntry(qstash, workflowRunId);

  counter.mend("only");
  const { workflowRuns } = await client.dlq.resume(dlqId);

  assert.equal(await runSucceeds(qstash, workflowRuns[0].workflowRunId), 1);
  assert.deepEqual(counter.runs, { only: 2 });
});

test("a resumed run that fails again gets an entry of its own, which can be resumed in turn", async (t) => {
  const { client, counter, entry } = await failedOrder(t);

  const first = await client.dlq.resume(entry.dlqId);
  const again = await failedEntry(qstash, first.workflowRuns[0].workflowRunId);
  assert.notEqual(again.dlqId, entry.dlqId);
  assert.equal(again.workflowUrl, entry.workflowUrl);
  counter.mend("charge");
  const second = await client.dlq.resume(again.dlqId);

  assert.equal((await runSucceeds(qstash, second.workflowRuns[0].workflowRunId)).steps, "rcs");
  assert.deepEqual(counter.runs, { reserve: 1, charge: 3, ship: 1 });
});

test("a second failure in a later step of a resumed run keeps the earlier results", async (t) => {
  const { client, counter, entry } = await failedOrder(t);
  counter.mend("charge");
  counter.break("ship");

  const first = await client.dlq.resume(entry.dlqId);
  const again = await failedEntry(qstash, first.workflowRuns[0].workflowRunId);
  counter.mend("ship");
  const second = await client.dlq.resume(again.dlqId);

  assert.equal((await runSucceeds(qstash, second.workflowRuns[0].workflowRunId)).steps, "rcs");
  assert.deepEqual(counter.runs, { reserve: 1, charge: 2, ship: 2 });
});

test("settings of the trigger hold for the resumed run", async (t) => {
  const { app, client, counter, entry } = await failedOrder(t, { retries: 1, retryDelay: "1000" });

  const { workflowRuns } = await client.dlq.resume(entry.dlqId);

  const again = await failedEntry(qstash, workflowRuns[0].workflowRunId);
  assert.deepEqual([again.maxRetries, again.retryDelayExpression], [1, "1000"]);
  assert.equal(again.failureCallback, `${app.url}/order`);
  assert.deepEqual(counter.runs, { reserve: 1, charge: 4 });
});

test("the client's resume options override retries and flow control", async (t) => {
  const { client, counter, entry } = await failedOrder(t, { retries: 2, retryDelay: "1000" });

  const { workflowRuns } = await client.dlq.resume(entry.dlqId, {
    retries: 0,
    flowControl: { key: "slow", parallelism: 1, rate: 5, period: "1h" },
  });

  const again = await failedEntry(qstash, workflowRuns[0].workflowRunId);
  assert.equal(again.maxRetries, 0);
  assert.deepEqual([again.flowControlKey, again.parallelism, again.rate, again.period], ["slow", 1, 5, 3600]);
  assert.equal(counter.runs.charge, 4);
});

test("the old run stays failed and cannot be appended to", async (t) => {
  const { client, counter, workflowRunId, entry } = await failedOrder(t);
  counter.mend("charge");

  const { workflowRuns } = await client.dlq.resume(entry.dlqId);
  await runSucceeds(qstash, workflowRuns[0].workflowRunId);

  await runReaches(qstash, workflowRunId, "RUN_FAILED");
  assert.equal((await qstash.api(`/v2/workflows/runs/${workflowRunId}`)).status, 404);
});

test("a step that was renamed before the failure makes the resumed run fail as incompatible", async (t) => {
  const counter = stepCounter();
  counter.break("charge");
  let first = "reserve";
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        await context.run(first, counter.step("first"));
        await context.run("charge", counter.step("charge"));
      },
    },
  });
  const client = clientOf(qstash);
  const { workflowRunId } = await client.trigger({ url: `${app.url}/order`, retries: 0 });
  const { dlqId } = await failedEntry(qstash, workflowRunId);

  first = "book";
  const { workflowRuns } = await client.dlq.resume(dlqId);

  const again = await failedEntry(qstash, workflowRuns[0].workflowRunId);
  assert.match(again.responseBody, /Incompatible step name/);
  assert.equal(counter.runs.first, 1);
});

test("two resumes at the same moment make one run", async (t) => {
  const { client, counter, entry } = await failedOrder(t);
  counter.mend("charge");

  const results = await Promise.allSettled([client.dlq.resume(entry.dlqId), client.dlq.resume(entry.dlqId)]);

  const statuses = results.map(({ status, reason }) => reason?.status ?? status).sort();
  assert.deepEqual(statuses, [404, "fulfilled"]);
  await poll(() => counter.runs.ship === 1);
  assert.equal(counter.runs.charge, 2);
});
