/** Run logs: states, steps, errors, filters and paging, at both documented addresses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clientOf,
  failedEntry,
  host,
  poll,
  runReaches,
  runSucceeds,
  startRecorder,
  stepCounter,
  useLocalQstash,
} from "./harness.mjs";

const qstash = useLocalQstash();

const NEVER = "http://127.0.0.1:9/";
const hold = async (context) => void (await context.waitForEvent("hold", "never"));

/** Asks the documented address and returns its JSON. */
async function documentedLogs(query) {
  const response = await qstash.api(`/v2/workflows/logs?${query}`);
  assert.ok(response.ok, `status ${response.status}`);
  return response.json();
}

test("a run goes from started to success, with its times, response and steps", async (t) => {
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        await context.run("one", () => 1);
        await context.waitForEvent("hold", "go");
        await Promise.all([context.run("left", () => "l"), context.run("right", () => "r")]);
        return { done: true };
      },
    },
  });
  const client = clientOf(qstash);
  const earliest = Date.now();
  const { workflowRunId } = await client.trigger({ url: `${app.url}/order`, label: ["gold", "eu"] });
  await poll(async () => (await client.getWaiters({ eventId: "go" })).length === 1);

  const started = await runReaches(qstash, workflowRunId, "RUN_STARTED");
  assert.equal(started.workflowRunCompletedAt, undefined);
  await client.notify({ eventId: "go" });
  const run = await runReaches(qstash, workflowRunId, "RUN_SUCCESS");

  assert.equal(run.workflowRunId, workflowRunId);
  assert.equal(run.workflowUrl, `${app.url}/order`);
  assert.ok(run.workflowRunCreatedAt >= earliest && run.workflowRunCompletedAt >= run.workflowRunCreatedAt);
  assert.deepEqual(JSON.parse(run.workflowRunResponse), { done: true });
  assert.deepEqual(run.labels, ["gold", "eu"]);
  assert.equal(run.dlqId, undefined);
  const sequential = run.steps.filter(({ type }) => type === "sequential").map(({ steps }) => steps[0]);
  assert.deepEqual(sequential.map(({ stepType }) => stepType), ["Initial", "Run", "Wait"]);
  assert.equal(sequential[1].stepName, "one");
  assert.equal(sequential[1].state, "STEP_SUCCESS");
  const [parallel] = run.steps.filter(({ type }) => type === "parallel");
  assert.deepEqual(parallel.steps.map(({ stepName }) => stepName).sort(), ["left", "right"]);
});

test("a step that is being retried is shown as next, with its errors", async (t) => {
  const counter = stepCounter();
  counter.break("charge");
  const app = await host(t, qstash, {
    routes: { "/order": async (context) => void (await context.run("charge", counter.step("charge"))) },
  });
  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/order`, retries: 1, retryDelay: "600000" });

  const next = await poll(async () => {
    const { runs } = await clientOf(qstash).logs({ filter: { workflowRunId } });
    const group = runs[0]?.steps.find(({ type }) => type === "next");
    return group?.steps.find(({ state }) => state === "STEP_RETRY");
  });

  assert.match(next.messageId, /^msg_/);
  assert.equal(next.retries, 1);
  assert.equal(next.errors.length, 1);
  const [error] = next.errors;
  assert.deepEqual([error.status, error.error], [500, "500 Internal Server Error"]);
  assert.equal(JSON.parse(error.body).message, "charge is broken");
});

test("a failed run names its entry and its failure callback", async (t) => {
  const recorder = await startRecorder();
  t.after(recorder.stop);
  const { workflowRunId } = await clientOf(qstash).trigger({ url: NEVER, retries: 0, failureUrl: recorder.url });
  const { dlqId } = await failedEntry(qstash, workflowRunId);
  await recorder.waitFor(1);

  const run = await poll(async () => {
    const failed = await runReaches(qstash, workflowRunId, "RUN_FAILED");
    return failed.failureFunction?.state === "CALLBACK_SUCCESS" && failed;
  });

  assert.equal(run.dlqId, dlqId);
  assert.equal(run.failureFunction.url, recorder.url);
  assert.ok(run.workflowRunCompletedAt >= run.workflowRunCreatedAt);
});

test("logs can be filtered by state, label and URL", async (t) => {
  const app = await host(t, qstash, { routes: { "/quick": async () => 1, "/held": hold } });
  const client = clientOf(qstash);
  const quick = await client.trigger({ url: `${app.url}/held`, label: "night" });
  const failed = await client.trigger({ url: NEVER, retries: 0 });
  await failedEntry(qstash, failed.workflowRunId);

  const ids = async (filter) => (await client.logs({ filter })).runs.map(({ workflowRunId }) => workflowRunId);

  assert.deepEqual(await ids({ state: "RUN_FAILED" }), [failed.workflowRunId]);
  assert.deepEqual(await ids({ state: "RUN_STARTED" }), [quick.workflowRunId]);
  assert.deepEqual(await ids({ state: "RUN_SUCCESS" }), []);
  assert.deepEqual(await ids({ label: "night" }), [quick.workflowRunId]);
  assert.deepEqual(await ids({ workflowUrl: `${app.url}/held` }), [quick.workflowRunId]);
});

test("pages hold ten runs at most and the cursor leads through all of them", async () => {
  const client = clientOf(qstash);
  await client.trigger(Array.from({ length: 23 }, () => ({ url: NEVER, delay: "60m" })));

  const sizes = [];
  const seen = new Set();
  let cursor;
  do {
    const page = await client.logs({ cursor, count: 50 });
    sizes.push(page.runs.length);
    for (const { workflowRunId } of page.runs) seen.add(workflowRunId);
    cursor = page.cursor || undefined;
  } while (cursor);

  assert.deepEqual(sizes, [10, 10, 3]);
  assert.equal(seen.size, 23);
});

test("one call asks for many runs by id and creation time", async (t) => {
  const app = await host(t, qstash, { routes: { "/held": hold, "/echo": async (context) => context.run("one", () => 1) } });
  const client = clientOf(qstash);
  const held = await client.trigger({ url: `${app.url}/held` });
  const done = await client.trigger({ url: `${app.url}/echo` });
  const other = await client.trigger({ url: `${app.url}/echo` });
  for (const { workflowRunId } of [done, other]) await runSucceeds(qstash, workflowRunId);
  const created = async ({ workflowRunId }) =>
    (await client.logs({ filter: { workflowRunId } })).runs[0].workflowRunCreatedAt;
  const pair = async (run) => `${run.workflowRunId}@${await created(run)}`;

  const { runs } = await documentedLogs(`workflowRuns=${await pair(held)},${await pair(done)}`);

  const states = Object.fromEntries(runs.map(({ workflowRunId, workflowState }) => [workflowRunId, workflowState]));
  assert.deepEqual(states, { [held.workflowRunId]: "RUN_STARTED", [done.workflowRunId]: "RUN_SUCCESS" });
});

test("a wrong creation time in workflowRuns finds nothing", async () => {
  const { workflowRunId } = await clientOf(qstash).trigger({ url: NEVER, delay: "60m" });
  const { runs } = await documentedLogs(`workflowRuns=${workflowRunId}@1`);
  assert.deepEqual(runs, []);
});

test("both addresses answer alike", async () => {
  const { workflowRunId } = await clientOf(qstash).trigger({ url: NEVER, delay: "60m" });
  const used = await clientOf(qstash).logs({ filter: { workflowRunId } });
  const documented = await documentedLogs(`workflowRunId=${workflowRunId}`);
  assert.deepEqual(documented.runs, used.runs);
});
