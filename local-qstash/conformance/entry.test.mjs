/** Ways to start and to stop a run besides the client's `trigger`: REST, plain publishes, self-triggers, cancellation. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assertError,
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

const SHOP = "https://shop.example";
const qstash = useLocalQstash();

/** A route with one counted step that echoes the payload. */
function echoRoute(counter) {
  return async (context) => {
    await context.run("work", counter.step("work"));
    return context.requestPayload;
  };
}

test("POST /v2/trigger answers with the new run, which gets the payload", async (t) => {
  const counter = stepCounter();
  const app = await host(t, qstash, { routes: { "/rest": echoRoute(counter) } });

  const response = await qstash.api(`/v2/trigger/${app.url}/rest`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ order: 1 }),
  });

  const { workflowRunId, workflowCreatedAt } = await response.json();
  assert.equal(response.status, 200);
  assert.match(workflowRunId, /^wfr_/);
  assert.ok(Number.isFinite(Number(workflowCreatedAt)));
  assert.deepEqual(await runSucceeds(qstash, workflowRunId), { order: 1 });
  assert.equal(counter.runs.work, 1);
});

test("POST /v2/batch/trigger answers 201 with one run per item", async (t) => {
  const counter = stepCounter();
  const app = await host(t, qstash, { routes: { "/rest": echoRoute(counter) } });
  const item = (body) => ({
    destination: `${app.url}/rest`,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

  const response = await qstash.api("/v2/batch/trigger", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([item("one"), item("two")]),
  });

  const runs = await response.json();
  assert.equal(response.status, 201);
  assert.equal(runs.length, 2);
  const results = await Promise.all(runs.map(({ workflowRunId }) => runSucceeds(qstash, workflowRunId)));
  assert.deepEqual(results, ["one", "two"]);
  assert.equal(counter.runs.work, 2);
});

test("a plain publish to the endpoint starts one run, without transport headers in its way", async (t) => {
  const counter = stepCounter();
  const app = await host(t, qstash, { routes: { "/plain": echoRoute(counter) } });

  const response = await qstash.api(`/v2/publish/${app.url}/plain`, {
    method: "POST",
    headers: { "content-type": "application/json", "upstash-forward-x-tenant": "acme" },
    body: JSON.stringify({ plain: true }),
  });

  const { messageId } = await response.json();
  assert.match(messageId, /^msg_/);
  const { runs } = await poll(async () => {
    const logs = await clientOf(qstash).logs({ filter: { workflowUrl: `${app.url}/plain` } });
    return logs.runs.length > 0 && logs;
  });
  assert.equal(runs.length, 1);
  assert.deepEqual(await runSucceeds(qstash, runs[0].workflowRunId), { plain: true });
  assert.equal(counter.runs.work, 1);
  assert.equal(app.deliveries.at(-1).headers["x-tenant"], "acme");
});

test("a destination that answers 2xx without being a workflow fails the run at once", async (t) => {
  const recorder = await startRecorder(() => ({ body: "hello" }));
  t.after(recorder.stop);

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${recorder.url}/not-a-workflow`, failureUrl: `${recorder.url}/failed` });

  const run = await runReaches(qstash, workflowRunId, "RUN_FAILED");
  assert.match(JSON.stringify(run), /detected a non-workflow destination/i);
  assert.equal(recorder.requests.filter(({ path }) => path === "/not-a-workflow").length, 1);
});

test("a rewritten destination is connected elsewhere but keeps its name everywhere", async (t) => {
  const { startLocalQstash } = await import("../../tests/support/local-qstash.mjs");
  const backend = await startRecorder(() => ({ status: 489, headers: { "upstash-nonretryable-error": "true" } }));
  t.after(backend.stop);
  const rewriting = await startLocalQstash({ rewrites: { [SHOP]: backend.url } });
  t.after(rewriting.stop);

  const { workflowRunId } = await clientOf(rewriting).trigger({ url: `${SHOP}/order`, failureUrl: `${SHOP}/failed?by=1` });

  const entry = await failedEntry(rewriting, workflowRunId);
  assert.equal(entry.workflowUrl, `${SHOP}/order`);
  const [delivery, callback] = await backend.waitFor(2);
  assert.equal(delivery.path, "/order");
  assert.equal(callback.path, "/failed?by=1");
  assert.equal(subjectOf(delivery), `${SHOP}/order`);
  assert.equal(subjectOf(callback), `${SHOP}/failed?by=1`);
  assert.equal(JSON.parse(callback.body).url, `${SHOP}/order`);
});

test("context.cancel ends the run as canceled, without entry and without callback", async (t) => {
  const recorder = await startRecorder();
  t.after(recorder.stop);
  const app = await host(t, qstash, {
    routes: {
      "/stop": async (context) => {
        await context.run("first", () => 1);
        await context.cancel();
      },
    },
  });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/stop`, failureUrl: recorder.url });

  await runReaches(qstash, workflowRunId, "RUN_CANCELED");
  assert.deepEqual((await clientOf(qstash).dlq.list()).messages, []);
  assert.equal(recorder.requests.length, 0);
});

test("cancelling by id counts exactly and stops the run before its next step", async (t) => {
  const counter = stepCounter();
  const app = await host(t, qstash, {
    routes: {
      "/nap": async (context) => {
        await context.run("before", counter.step("before"));
        await context.sleep("nap", "30m");
        await context.run("after", counter.step("after"));
      },
    },
  });
  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/nap` });
  await poll(() => app.deliveries.length === 2 && app.deliveries[1].status === 200);

  const client = clientOf(qstash);
  assert.deepEqual(await client.cancel([workflowRunId, "wfr_unknown"]), { cancelled: 1 });
  assert.deepEqual(await client.cancel(workflowRunId), { cancelled: 0 });

  await runReaches(qstash, workflowRunId, "RUN_CANCELED");
  assert.equal((await qstash.api(`/v2/workflows/runs/${workflowRunId}`)).status, 404);
  assert.equal(counter.runs.after, undefined);
});

for (const [name, filter] of [
  ["label", () => ({ label: "night" })],
  ["exact URL", (url) => ({ workflowUrl: `${url}/nap` })],
  ["URL prefix", (url) => ({ workflowUrlStartingWith: `${url}/na` })],
]) {
  test(`cancelling by ${name} leaves other runs alone`, async (t) => {
    const hold = async (context) => void (await context.waitForEvent("hold", "never"));
    const app = await host(t, qstash, { routes: { "/nap": hold, "/other": hold } });
    const client = clientOf(qstash);
    const { workflowRunId } = await client.trigger({ url: `${app.url}/nap`, label: "night" });
    const other = await client.trigger({ url: `${app.url}/other`, label: "day" });

    await client.cancel({ filter: filter(app.url) });

    await runReaches(qstash, workflowRunId, "RUN_CANCELED");
    await runReaches(qstash, other.workflowRunId, "RUN_STARTED");
  });
}

test("cancelling an unknown run through its own address is 404", async () => {
  await assertError(await qstash.api("/v2/workflows/runs/wfr_unknown?cancel=true", { method: "DELETE" }), 404);
});

for (const [header, value] of [
  ["Upstash-Delay", "1"],
  ["Upstash-Retries", "many"],
  ["Upstash-Not-Before", "tomorrow"],
]) {
  test(`a malformed ${header} is refused with 400 and named`, async () => {
    const response = await qstash.api("/v2/publish/http://127.0.0.1:9/", { method: "POST", headers: { [header]: value } });
    await assertError(response, 400, new RegExp(header, "i"));
  });
}

test("a destination that is no absolute URL is refused with 400", async () => {
  await assertError(await qstash.api("/v2/publish/nowhere", { method: "POST" }), 400);
});

/** The `sub` claim of the delivery's token. */
function subjectOf({ headers }) {
  const [, claims] = headers["upstash-signature"].split(".");
  return JSON.parse(Buffer.from(claims, "base64url").toString("utf8")).sub;
}
