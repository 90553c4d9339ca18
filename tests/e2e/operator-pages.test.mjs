/** The operator API where one request takes many calls, or QStash answers badly or not at all. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLocalQstash } from "../support/local-qstash.mjs";
import { DEV_SECRETS } from "../support/redrive.mjs";
import { startFor, useStandIn } from "./harness.mjs";

const TOKEN = "operators-only-7Qz";
const DLQ = "/v2/workflows/dlq";
const headers = { Authorization: `Bearer ${TOKEN}` };
const secrets = { ...DEV_SECRETS, ADMIN_TOKEN: TOKEN };
const standIn = useStandIn({ secrets, vars: { API_TIMEOUT: "500ms" } });
const ask = (method, path) => standIn.redrive.send(path, { method, headers });
const page = (runs, cursor) => ({
  body: JSON.stringify({ cursor, workflowRuns: Array.from({ length: runs }, (_, n) => ({ workflowRunId: `wfr_${n}`, workflowCreatedAt: n })) }),
});
const cursorOf = ({ path }) => new URL(path, "http://x").searchParams.get("cursor");

/** A Worker with a queue of this many entries behind it. */
async function startWith(t, count, options) {
  const qstash = await startLocalQstash({ timeScale: 1, ...options });
  t.after(qstash.stop);
  const { entries } = await qstash.plant({ count });
  const redrive = await startFor(t, { secrets, vars: { QSTASH_URL: qstash.url } });
  return { qstash, ids: entries.map(({ dlqId }) => dlqId), ask: (method, path) => redrive.send(path, { method, headers }) };
}

for (const end of ["absent", "empty"]) {
  test(`everything is resumed page by page, and the answer is one (cursor ${end} at the end)`, async (t) => {
    const { qstash, ids, ask } = await startWith(t, 120, { switches: { "cursor-end": end } });

    const answer = await ask("POST", `${DLQ}/resume?all=true`);

    assert.equal(answer.status, 200, answer.text);
    const { workflowRuns, ...rest } = JSON.parse(answer.text);
    assert.deepEqual(rest, {}, "no cursor at the end");
    assert.equal(new Set(workflowRuns.map(({ workflowRunId }) => workflowRunId)).size, 120);
    const resumed = (await qstash.timeline()).filter(({ kind }) => kind === "resumed");
    assert.deepEqual(resumed.map(({ dlqId }) => dlqId), ids);
    assert.equal((await qstash.requests()).length, 3);
  });
}

test("everything is deleted page by page, and the numbers are added up", async (t) => {
  const { ask } = await startWith(t, 101);
  const answer = await ask("DELETE", `${DLQ}?all=true`);
  assert.deepEqual([answer.status, answer.text], [200, '{"deleted":101}']);
});

test("more than 50 ids are split", async (t) => {
  const { qstash, ids, ask } = await startWith(t, 120);
  const answer = await ask("POST", `${DLQ}/restart?${ids.map((id) => `dlqIds=${id}`).join("&")}`);
  assert.deepEqual([answer.status, JSON.parse(answer.text).workflowRuns.length], [200, 120], answer.text);
  const named = (await qstash.requests()).map(({ query }) => query.split("&").length);
  assert.deepEqual(named, [50, 50, 20]);
});

test("a count is a bound, and a cursor goes on behind it", async (t) => {
  const { qstash, ask } = await startWith(t, 90);
  const first = JSON.parse((await ask("POST", `${DLQ}/resume?count=60`)).text);
  assert.equal(first.workflowRuns.length, 60);
  const second = JSON.parse((await ask("POST", `${DLQ}/resume?all=true&cursor=${first.cursor}`)).text);
  assert.deepEqual([second.workflowRuns.length, second.cursor], [30, undefined]);
  assert.deepEqual((await qstash.requests()).map(({ query }) => new URLSearchParams(query).get("count")), ["50", "10", "50"]);
});

test("it stops after 40 calls and hands the cursor back", async () => {
  standIn.answer = (request) => page(50, `c${Number((cursorOf(request) ?? "c0").slice(1)) + 1}`);
  const answer = await ask("POST", `${DLQ}/resume?label=a`);
  const { workflowRuns, cursor } = JSON.parse(answer.text);
  assert.deepEqual([answer.status, workflowRuns.length, cursor, standIn.requests.length], [200, 2000, "c40", 40]);
});

test("a cursor that leads nowhere ends it", async () => {
  standIn.answer = () => page(1, "same");
  const { workflowRuns, cursor, error } = JSON.parse((await ask("POST", `${DLQ}/resume?all=true`)).text);
  assert.deepEqual([workflowRuns.length, cursor, standIn.requests.length], [2, undefined, 2]);
  assert.match(error, /twice/);
});

test("a page that fails leaves what was done, and the place to go on", async () => {
  standIn.answer = (request) =>
    cursorOf(request) ? { status: 429, headers: { "Burst-RateLimit-Reset": "1700000000" }, body: '{"error":"slow down"}' } : page(3, "next");
  const answer = await ask("POST", `${DLQ}/resume?all=true`);
  const { workflowRuns, cursor, error } = JSON.parse(answer.text);
  assert.deepEqual([answer.status, workflowRuns.length, cursor], [200, 3, "next"]);
  assert.equal(error, "QStash answered 429: slow down");
  assert.equal(answer.headers["burst-ratelimit-reset"], "1700000000");
});

test("an answer is passed on with its status, body and rate-limit headers, and with no other header", async () => {
  for (const status of [200, 400, 404, 412, 429, 500, 503]) {
    const limits = { "RateLimit-Limit": "10", "RateLimit-Remaining": "0", "RateLimit-Reset": "1700000000", "Retry-After": "7" };
    standIn.answer = () => ({ status, headers: { ...limits, "Content-Type": "application/json; charset=utf-8", "Set-Cookie": "a=b", "X-Internal": "1" }, body: '{ "error" : "as it is" }' });
    const { status: got, text, headers } = await ask("POST", `${DLQ}/resume/1-0`);
    assert.deepEqual([got, text], [status, '{ "error" : "as it is" }']);
    for (const [name, value] of Object.entries(limits)) assert.equal(headers[name.toLowerCase()], value);
    assert.equal(headers["content-type"], "application/json; charset=utf-8");
    assert.deepEqual([headers["set-cookie"], headers["x-internal"]], [undefined, undefined]);
  }
});

test("redirects are not followed", async () => {
  standIn.answer = () => ({ status: 302, headers: { Location: `${standIn.redrive.url}/healthz` } });
  const canceled = await ask("DELETE", `${DLQ}/callback/1-0`);
  assert.deepEqual([canceled.status, canceled.headers.location, canceled.text], [302, undefined, ""]);
  assert.equal(standIn.requests.length, 1);
});

test("answers without a body", async () => {
  for (const status of [204, 304]) {
    standIn.answer = () => ({ status });
    assert.deepEqual([(await ask("DELETE", `${DLQ}/1-0`)).status], [status]);
  }
});

test("no answer in time is 504, a connection that breaks 502", async () => {
  standIn.answer = () => new Promise((resolve) => setTimeout(() => resolve({}), 1500));
  const late = await ask("POST", `${DLQ}/resume/1-0`);
  assert.equal(late.status, 504, late.text);
  assert.match(JSON.parse(late.text).error, /within 500 ms; it may have acted/);
});

test("a QStash that is not there is 502", async (t) => {
  const redrive = await startFor(t, { secrets, vars: { QSTASH_URL: "http://127.0.0.1:9" } });
  const answer = await redrive.send(DLQ, { headers });
  assert.equal(answer.status, 502, answer.text);
  assert.match(JSON.parse(answer.text).error, /QStash/);
});

test("the token of QStash is not handed on, not even by a QStash that repeats it", async () => {
  const qstashToken = DEV_SECRETS.QSTASH_TOKEN;
  standIn.answer = ({ headers }) => ({ status: 403, body: JSON.stringify({ error: `not ${headers.authorization}` }) });
  const answer = await ask("GET", DLQ);
  assert.equal(answer.status, 403);
  assert.ok(!answer.text.includes(qstashToken) && answer.text.includes("not Bearer"), answer.text);
  standIn.answer = () => ({ status: 401, body: '{"error":"unauthorized"}' });
  const refused = await ask("GET", DLQ);
  assert.equal(refused.status, 502);
  assert.match(JSON.parse(refused.text).error, /QSTASH_TOKEN/);
});

test("a region's queue is reached with its own token", async (t) => {
  const us = await startLocalQstash({ credentials: { token: "us-token", currentKey: "sig_c", nextKey: "sig_d" } });
  t.after(us.stop);
  const { dlqId } = await us.plant();
  const redrive = await startFor(t, {
    secrets: {
      ...secrets,
      US_EAST_1_QSTASH_TOKEN: "us-token",
      US_EAST_1_QSTASH_CURRENT_SIGNING_KEY: "sig_c",
      US_EAST_1_QSTASH_NEXT_SIGNING_KEY: "sig_d",
      US_EAST_1_QSTASH_URL: us.url,
    },
    vars: { QSTASH_URL: "http://127.0.0.1:9" },
  });
  const answer = await redrive.send(`${DLQ}/resume/${dlqId}`, { method: "POST", headers: { ...headers, "Upstash-Region": "us-east-1" } });
  assert.equal(answer.status, 200, answer.text);
  const other = await redrive.send(DLQ, { headers: { ...headers, "Upstash-Region": "EU-CENTRAL-1" } });
  assert.equal(other.status, 400, other.text);
});
