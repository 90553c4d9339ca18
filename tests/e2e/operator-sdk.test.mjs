/** The official SDK, unmodified, with the Worker's address and ADMIN_TOKEN instead of QStash's. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Client } from "@upstash/workflow";
import { DEV_SECRETS } from "../support/redrive.mjs";
import { useWorld } from "./harness.mjs";

const TOKEN = "operators-only-7Qz";
const world = useWorld({ secrets: { ...DEV_SECRETS, ADMIN_TOKEN: TOKEN } });
let client;
beforeEach(() => {
  client = new Client({ baseUrl: world.redrive.url, token: TOKEN, devMode: false });
});

const plant = async (entry) => (await world.qstash.plant(entry)).dlqId;
const plantMany = async (count, entry) => (await world.qstash.plant({ count, ...entry })).entries.map(({ dlqId }) => dlqId);
const queued = async () => (await client.dlq.list()).messages.map(({ dlqId }) => dlqId);

/** Ids of the entries that came back, in order. */
const revived = async (kind) => (await world.qstash.timeline()).filter((event) => event.kind === kind).map(({ dlqId }) => dlqId);

test("list with filters, and page by page with a cursor", async () => {
  const ours = await plantMany(5, { labels: ["orders"], workflowUrl: "https://shop.example/order?x=a" });
  const other = await plant({ labels: ["other"], flowControlKey: "k", flowControlValue: "rate=1", failureFunctionState: "CALLBACK_FAIL", failureCallback: "https://x.example" });

  const pages = [];
  let cursor;
  do {
    const page = await client.dlq.list({ count: 2, cursor, filter: { label: "orders", fromDate: new Date(0), toDate: new Date() } });
    pages.push(page.messages.map(({ dlqId }) => dlqId));
    cursor = page.cursor;
  } while (cursor);
  assert.deepEqual(pages, [ours.slice(0, 2), ours.slice(2, 4), ours.slice(4)]);

  const listed = async (filter) => (await client.dlq.list({ filter })).messages.map(({ dlqId }) => dlqId);
  assert.deepEqual(await listed({ workflowUrl: "https://shop.example/order?x=a" }), ours);
  assert.deepEqual(await listed({ label: ["other", "nope"] }), [other]);
  assert.deepEqual(await listed({ flowControlKey: "k" }), [other]);
  assert.deepEqual(await listed({ failureFunctionState: "CALLBACK_FAIL" }), [other]);
  assert.deepEqual(await listed({ responseStatus: 599 }), []);
  const [{ workflowRunId }] = (await client.dlq.list({ filter: { label: "other" } })).messages;
  assert.deepEqual(await listed({ workflowRunId }), [other]);
});

for (const [action, kind] of [["resume", "resumed"], ["restart", "restarted"]]) {
  test(`${action} by id, ids, criteria and all, and in the older shapes`, async () => {
    const [one, two, three, ...legacy] = await plantMany(6);
    const filtered = await plantMany(2, { labels: ["night"] });
    const rest = await plantMany(2);
    const settings = { retries: 2, flowControl: { key: "k", parallelism: 3, rate: 10, period: "1m" } };

    const single = await client.dlq[action](one, settings);
    assert.match(single.workflowRuns[0].workflowRunId, /^wfr_/);
    assert.equal((await client.dlq[action]([two, three])).workflowRuns.length, 2);
    assert.match((await client.dlq[action]({ dlqId: legacy[0], ...settings })).workflowRunId, /^wfr_/);
    assert.equal((await client.dlq[action]({ dlqId: legacy.slice(1) })).length, 2);
    assert.equal((await client.dlq[action]({ filter: { label: "night", fromDate: 1 } })).workflowRuns.length, 2);
    const all = await client.dlq[action]({ all: true });
    assert.deepEqual([all.workflowRuns.length, all.cursor], [2, undefined]);

    assert.deepEqual(await revived(kind), [one, two, three, ...legacy, ...filtered, ...rest]);
    const [first] = await world.qstash.requests();
    assert.deepEqual(
      ["upstash-retries", "upstash-flow-control-key", "upstash-flow-control-value"].map((name) => first.headers[name]),
      ["2", "k", "parallelism=3, rate=10, period=1m"],
    );
  });
}

test("the SDK's own count of 100 is 100 entries, and its loop over the cursor gets them all", async () => {
  await plantMany(230);
  const sizes = [];
  let cursor;
  do {
    const page = await client.dlq.resume({ all: true, cursor });
    sizes.push(page.workflowRuns.length);
    cursor = page.cursor;
  } while (cursor);
  assert.deepEqual(sizes, [100, 100, 30]);
  assert.deepEqual(await queued(), []);
});

test("120 ids in one call of the SDK", async () => {
  const ids = await plantMany(120);
  assert.equal((await client.dlq.resume({ dlqIds: ids })).workflowRuns.length, 120);
  assert.deepEqual((await revived("resumed")).toSorted(), ids.toSorted());
});

test("delete by id, ids, criteria and all", async () => {
  const [one, two, three] = await plantMany(3);
  await plantMany(2, { labels: ["old"] });
  await plantMany(130);
  assert.deepEqual(await client.dlq.delete(one), { deleted: 1, cursor: undefined });
  assert.equal((await client.dlq.delete([two, three])).deleted, 2);
  assert.equal((await client.dlq.delete({ filter: { label: "old" } })).deleted, 2);
  const first = await client.dlq.delete({ all: true });
  assert.equal(first.deleted, 100);
  assert.equal((await client.dlq.delete({ all: true, cursor: first.cursor })).deleted, 30);
  assert.deepEqual(await queued(), []);
});

test("retryFailureFunction and logs", async () => {
  const { dlqId, workflowRunId } = await world.qstash.plant({ failureCallback: "http://127.0.0.1:9/", failureFunctionState: "CALLBACK_FAIL" });
  assert.equal((await client.dlq.retryFailureFunction({ dlqId })).workflowRunId, workflowRunId);
  const { runs } = await client.logs({ workflowRunId, count: 10 });
  assert.deepEqual(runs.map((run) => run.workflowState), ["RUN_FAILED"]);
});

test("errors of the Worker and of QStash reach the SDK's user with status and words", async () => {
  const stranger = new Client({ baseUrl: world.redrive.url, token: "wrong", devMode: false });
  await assert.rejects(stranger.dlq.list(), (error) => error.status === 401 && /ADMIN_TOKEN/.test(error.message));
  await assert.rejects(client.dlq.resume("1-0"), (error) => error.status === 404 && /not found/.test(error.message));
  await assert.rejects(client.dlq.delete({ filter: { lable: "x" } }), (error) => error.status === 400 && /`lable`/.test(error.message));
  await world.qstash.addFaults([{ match: {}, times: 1, fault: { status: 429, headers: { "Burst-RateLimit-Limit": "5", "Burst-RateLimit-Remaining": "0", "Burst-RateLimit-Reset": "1700000000" }, body: "" } }]);
  await assert.rejects(client.dlq.list(), (error) => error.status === 429);
});
