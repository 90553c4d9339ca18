/** The dead letter queue: what an entry says, paging, filters, bulk work, deletion. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  assertError,
  assertRejected,
  clientOf,
  decode,
  failedEntry,
  host,
  poll,
  runSucceeds,
  stepCounter,
  useLocalQstash,
} from "./harness.mjs";

const qstash = useLocalQstash();

/** Plants entries, each with its own settings, and returns their ids. Resumed, they keep retrying for longer than a test looks. */
async function plantEach(entries) {
  const planted = [];
  for (const entry of entries) planted.push((await qstash.plant(entry)).dlqId);
  return planted;
}

async function listedIds(filter) {
  const { messages } = await clientOf(qstash).dlq.list({ filter });
  return messages.map(({ dlqId }) => dlqId).sort();
}

test("an entry describes the run, its payload, its settings and the failing answer", async (t) => {
  const counter = stepCounter();
  counter.break("charge", new TypeError("no card"));
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        await context.run("reserve", counter.step("reserve"));
        await context.run("charge", counter.step("charge"));
      },
    },
  });
  const earliest = Date.now();

  const { workflowRunId } = await clientOf(qstash).trigger({
    url: `${app.url}/order`,
    body: { id: "ö" },
    headers: { "x-tenant": "acme" },
    label: ["gold", "eu"],
    retries: 1,
    retryDelay: "1000",
    flowControl: { key: "orders", parallelism: 3, rate: 10, period: "1m" },
  });

  const entry = await failedEntry(qstash, workflowRunId);
  assert.match(entry.dlqId, /^\d+-\d+$/);
  assert.match(entry.messageId, /^msg_/);
  const attempts = app.deliveries.filter(({ headers }) => !headers["upstash-workflow-is-failure"]);
  assert.equal(entry.messageId, attempts.at(-1).headers["upstash-message-id"]);
  assert.equal(entry.workflowUrl, `${app.url}/order`);
  assert.equal(entry.url, `${app.url}/order`);
  assert.equal(entry.method, "POST");
  assert.deepEqual(JSON.parse(entry.body ?? decode(entry.bodyBase64)), { id: "ö" });
  assert.deepEqual(entry.header["X-Tenant"], ["acme"]);
  assert.deepEqual(entry.header["Content-Type"], ["application/json"]);
  assert.deepEqual([entry.label, entry.labels], ["gold", ["gold", "eu"]]);
  assert.equal(entry.maxRetries, 1);
  assert.equal(entry.retryDelayExpression, "1000");
  assert.deepEqual([entry.flowControlKey, entry.parallelism, entry.rate, entry.period], ["orders", 3, 10, 60]);
  assert.equal(entry.responseStatus, 500);
  assert.deepEqual(entry.responseHeader["Upstash-Error-Step-Name"], ["charge"]);
  const { error, message } = JSON.parse(entry.responseBody ?? decode(entry.responseBodyBase64));
  assert.deepEqual([error, message], ["TypeError", "no card"]);
  assert.equal(entry.failureCallback, `${app.url}/order`);
  assert.ok(entry.createdAt >= earliest && entry.createdAt <= Date.now());
  assert.ok(Number(entry.workflowCreatedAt) >= earliest && Number(entry.workflowCreatedAt) <= Date.now());
});

test("120 failed runs are resumed by the official client in pages of 50, 50 and 20", async (t) => {
  const counter = stepCounter();
  counter.break("fragile");
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        await context.run("sturdy", counter.step("sturdy"));
        await context.run("fragile", counter.step("fragile"));
      },
    },
  });
  const client = clientOf(qstash);
  const orders = Array.from({ length: 120 }, () => ({ url: `${app.url}/order`, retries: 0 }));
  const triggered = await client.trigger(orders);
  await poll(() => counter.runs.fragile === 120, { timeout: 20_000, what: "120 failures" });
  await poll(async () => (await listAll(client)).length === 120, { what: "120 entries" });

  counter.mend("fragile");
  const pages = [];
  let cursor;
  do {
    const page = await client.dlq.resume({ all: true, cursor });
    pages.push(page.workflowRuns);
    cursor = page.cursor;
  } while (cursor);

  assert.deepEqual(pages.map((page) => page.length), [50, 50, 20]);
  const resumed = pages.flat().map(({ workflowRunId }) => workflowRunId);
  assert.equal(new Set([...resumed, ...triggered.map(({ workflowRunId }) => workflowRunId)]).size, 240);
  await poll(() => counter.runs.fragile === 240, { timeout: 20_000, what: "all resumed runs to pass the step" });
  assert.equal(counter.runs.sturdy, 120);
  for (const runId of [resumed[0], resumed[60], resumed[119]]) await runSucceeds(qstash, runId);
  assert.deepEqual(await listAll(client), []);
});

test("lists hold at most 100 entries per page and go on with the cursor", async () => {
  await qstash.plant({ count: 120 });
  const client = clientOf(qstash);

  const first = await client.dlq.list();
  const second = await client.dlq.list({ cursor: first.cursor });

  assert.deepEqual([first.messages.length, second.messages.length], [100, 20]);
  assert.equal(second.cursor, undefined);
  const ids = [...first.messages, ...second.messages].map(({ dlqId }) => dlqId);
  assert.equal(new Set(ids).size, 120);
});

test("a list page can be smaller", async () => {
  await qstash.plant({ count: 5 });
  const client = clientOf(qstash);

  const first = await client.dlq.list({ count: 3 });
  const second = await client.dlq.list({ count: 3, cursor: first.cursor });

  assert.deepEqual([first.messages.length, second.messages.length], [3, 2]);
});

for (const [name, matching, filter] of [
  ["label", { labels: ["night"] }, { label: "night" }],
  ["workflow URL", { workflowUrl: "http://127.0.0.1:9/one" }, { workflowUrl: "http://127.0.0.1:9/one" }],
  ["run id", { workflowRunId: "wfr_wanted" }, { workflowRunId: "wfr_wanted" }],
  ["flow control key", { flowControlKey: "orders" }, { flowControlKey: "orders" }],
  ["response status", { responseStatus: 418 }, { responseStatus: 418 }],
  [
    "callback state",
    { failureFunctionState: "CALLBACK_FAIL", failureCallback: "http://127.0.0.1:9/" },
    { failureFunctionState: "CALLBACK_FAIL" },
  ],
]) {
  test(`a list filtered by ${name} shows only matching entries`, async () => {
    const [wanted] = await plantEach([matching, {}, {}]);
    assert.deepEqual(await listedIds(filter), [wanted]);
  });
}

test("dates bound a list from both sides", async () => {
  const [planted] = await plantEach([{}]);
  const { messages } = await clientOf(qstash).dlq.list();
  const at = messages[0].createdAt;

  assert.deepEqual(await listedIds({ fromDate: at - 60_000, toDate: at + 60_000 }), [planted]);
  assert.deepEqual(await listedIds({ fromDate: at + 60_000 }), []);
  assert.deepEqual(await listedIds({ toDate: at - 60_000 }), []);
});

test("both documented list addresses show the same, and one entry has its own", async () => {
  const [dlqId] = await plantEach([{}]);

  const documented = await (await qstash.api("/v2/workflows/dlq")).json();
  const used = await (await qstash.api("/v2/dlq?source=workflow")).json();
  const single = await (await qstash.api(`/v2/workflows/dlq/${dlqId}`)).json();

  assert.deepEqual(documented.messages, used.messages);
  assert.deepEqual(single, used.messages[0]);
  await assertError(await qstash.api("/v2/workflows/dlq/1-1"), 404);
});

test("deleting counts what was there and does not mind what was not", async () => {
  const [first, second, third] = await plantEach([{}, {}, {}]);
  const client = clientOf(qstash);

  assert.equal((await client.dlq.delete(first)).deleted, 1);
  assert.equal((await client.dlq.delete([first, second])).deleted, 1);
  assert.equal((await client.dlq.delete([first, second])).deleted, 0);
  assert.deepEqual(await listedIds(), [third]);
});

test("the single form deletes once and then answers 404", async () => {
  const [dlqId] = await plantEach([{}]);

  const deleted = await qstash.api(`/v2/workflows/dlq/${dlqId}`, { method: "DELETE" });

  assert.ok(deleted.ok, `status ${deleted.status}`);
  await assertError(await qstash.api(`/v2/workflows/dlq/${dlqId}`, { method: "DELETE" }), 404);
});

test("bulk deletion by filter leaves the rest and pages with a cursor", async () => {
  await qstash.plant({ count: 5, labels: ["night"] });
  const [kept] = await plantEach([{ labels: ["day"] }]);
  const client = clientOf(qstash);

  const counts = [];
  let cursor;
  do {
    const page = await client.dlq.delete({ filter: { label: "night" }, count: 3, cursor });
    counts.push(page.deleted);
    cursor = page.cursor;
  } while (cursor);

  assert.deepEqual(counts, [3, 2]);
  assert.deepEqual(await listedIds(), [kept]);
});

test("a misspelt filter is refused instead of matching everything", async () => {
  const [dlqId] = await plantEach([{}]);
  const response = await qstash.api("/v2/workflows/dlq?lable=night", { method: "DELETE" });
  await assertError(response, 400, /lable/);
  assert.deepEqual(await listedIds(), [dlqId]);
});

for (const action of ["resume", "restart"]) {
  test(`${action} by ids: repeated and comma separated ids both work, and no cursor comes back`, async () => {
    const ids = await plantEach([{}, {}, {}, {}]);

    const repeated = await clientOf(qstash).dlq[action](ids.slice(0, 2));
    const response = await qstash.api(`/v2/workflows/dlq/${action}?dlqIds=${ids.slice(2).join(",")}`, { method: "POST" });
    const comma = await response.json();

    assert.deepEqual([repeated.workflowRuns.length, repeated.cursor], [2, undefined]);
    assert.equal(comma.workflowRuns.length, 2);
    assert.ok(!comma.cursor);
    assert.deepEqual(await listedIds(), []);
  });

  test(`the single form of ${action} answers with one run, and the second time with 404`, async () => {
    const [dlqId] = await plantEach([{}]);
    const path = `/v2/workflows/dlq/${action}/${dlqId}`;

    const response = await qstash.api(path, { method: "POST" });
    const run = await response.json();

    assert.ok(response.ok, `status ${response.status}`);
    assert.match(run.workflowRunId, /^wfr_/);
    assert.ok(Number.isFinite(Number(run.workflowCreatedAt)));
    await assertError(await qstash.api(path, { method: "POST" }), 404);
  });

  test(`a second ${action} of the same id through the client is 404`, async () => {
    const [dlqId] = await plantEach([{}]);
    const client = clientOf(qstash);
    await client.dlq[action](dlqId);
    await assertRejected(client.dlq[action](dlqId), 404);
  });

  test(`${action} by filter leaves the rest`, async () => {
    const [, kept] = await plantEach([{ labels: ["night"] }, { labels: ["day"] }]);
    const { workflowRuns } = await clientOf(qstash).dlq[action]({ filter: { label: "night" } });
    assert.equal(workflowRuns.length, 1);
    assert.deepEqual(await listedIds(), [kept]);
  });
}

/** All entries, over as many pages as it takes. */
async function listAll(client) {
  const messages = [];
  let cursor;
  do {
    const page = await client.dlq.list({ cursor });
    messages.push(...page.messages);
    cursor = page.cursor;
  } while (cursor);
  return messages;
}
