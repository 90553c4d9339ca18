/** The DLQ API fails, answers late, answers nonsense, or its answer is lost: no run is lost, and none is resumed twice. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createServer } from "node:net";
import { DEV_CREDENTIALS } from "../support/local-qstash.mjs";
import { startRecorder } from "../support/net.mjs";
import { unixNow } from "../support/sign.mjs";
import { assertOutcome, assertRefused, deliverTo, startFor, useStandIn, useWorld } from "./harness.mjs";

const RESUME = { method: "POST", pathPrefix: "/v2/workflows/dlq/resume" };
const LOOKUP = { method: "GET", pathPrefix: "/v2/workflows/dlq" };
const TIMEOUT_MS = 200;
const MIB = 1024 * 1024;
const world = useWorld({ vars: { API_TIMEOUT: "5s" } });
const standIn = useStandIn();

const fail = (fault, match = RESUME) => world.qstash.addFaults([{ match, times: 1, fault }]);

const asked = () => standIn.requests.map(({ method }) => method);

/** Plants an entry, lets the first delivery meet the fault and a second one not, and returns both answers. */
async function deliverTwice() {
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();
  const first = await world.deliver({ dlqId, runId });
  const second = await world.deliver({ dlqId, runId });
  return { dlqId, runId, first, second, again: JSON.parse(second.text) };
}

async function resumedRuns() {
  return (await world.qstash.timeline()).filter(({ kind }) => kind === "resumed").map(({ runId }) => runId);
}

for (const status of [500, 502, 503, 504, 599]) {
  test(`${status} with the entry still there: 503, and the next delivery resumes the run`, async () => {
    await fail({ status, body: '{"error":"maintenance"}' });

    const { first, again } = await deliverTwice();

    assertRefused(first, 503, "api_server_error");
    assert.ok(!first.text.includes("maintenance"), "the API's words are for the log");
    assert.equal(again.outcome, "resumed");
    assert.equal(again.duplicate, undefined);
    assert.deepEqual((await world.qstash.requests()).map((r) => [r.method, r.status]), [["POST", status], ["GET", 200], ["POST", 200]]);
    assert.equal((await resumedRuns()).length, 1);
  });
}

test("429 is answered with the time that the API asks for, and not looked into", async () => {
  await fail({ status: 429, headers: { "retry-after": "77" } });

  const { first, again } = await deliverTwice();

  assertRefused(first, 503, "api_rate_limited", { retryAfter: 77 });
  assert.equal(again.outcome, "resumed");
  assert.deepEqual((await world.qstash.requests()).map((r) => [r.method, r.status]), [["POST", 429], ["POST", 200]]);
});

test("429 with the time of its reset: the wait until then", async () => {
  await fail({ status: 429, headers: { "burst-ratelimit-remaining": "0", "burst-ratelimit-reset": String(unixNow() + 50) } });

  const { first } = await deliverTwice();

  const wait = Number(first.headers["retry-after"]);
  assert.ok(wait >= 45 && wait <= 50, String(wait));
  assertRefused(first, 503, "api_rate_limited", { retryAfter: wait });
});

test("429 that asks for a week is capped at a day, the most that QStash waits", async () => {
  await fail({ status: 429, headers: { "retry-after": String(7 * 86_400) } });
  assertRefused((await deliverTwice()).first, 503, "api_rate_limited", { retryAfter: 86_400 });
});

test("429 without a time: a pause of our own", async () => {
  await fail({ status: 429 });
  assertRefused((await deliverTwice()).first, 503, "api_rate_limited");
});

for (const status of [401, 403]) {
  test(`${status}: 500 that names the token's setting, and no wait`, async () => {
    await fail({ status, body: '{"error":"bad token"}' });

    const { first, again } = await deliverTwice();

    assertRefused(first, 500, "token_refused", { message: /QSTASH_TOKEN.*QSTASH_URL/ });
    assert.equal(again.outcome, "resumed");
  });
}

test("an answer lost after the work was done: the entry is gone, so the run counts as resumed", async () => {
  await fail("drop-after");

  const { dlqId, runId, first, again } = await deliverTwice();

  const { delaySeconds, ...said } = JSON.parse(first.text);
  assertOutcome(first, { ...said, delaySeconds });
  assert.deepEqual(said, { outcome: "resumed", rule: "transient", runId, dlqId, rootRunId: runId, attempt: 1 });
  assert.equal(again.duplicate, true);
  assert.equal((await resumedRuns()).length, 1);
  assert.deepEqual(await world.calls(), [`POST /v2/workflows/dlq/resume/${dlqId}`, `GET /v2/workflows/dlq/${dlqId}`]);
});

test("a request lost before the work was done: the entry is there, so the next delivery resumes it", async () => {
  await fail("drop-before");

  const { first, again } = await deliverTwice();

  assertRefused(first, 503, "api_unreachable");
  assert.deepEqual([again.outcome, again.duplicate], ["resumed", undefined]);
  assert.equal((await resumedRuns()).length, 1);
});

test("an answer lost, and the look at the entry fails too: 503, for a guess could resume twice or not at all", async () => {
  await fail("drop-after");
  await fail({ status: 503 }, LOOKUP);

  const { first, again } = await deliverTwice();

  assertRefused(first, 503, "api_unreachable");
  assert.equal(again.outcome, "gone");
  assert.equal((await resumedRuns()).length, 1);
});

test("an error with the work done all the same counts as resumed", async () => {
  standIn.answer = ({ method }) => (method === "POST" ? { status: 502, body: "Bad gateway" } : { status: 404 });

  const answer = JSON.parse((await standIn.deliver()).text);

  assert.deepEqual([answer.outcome, answer.attempt, answer.newRunId], ["resumed", 1, undefined]);
  assert.deepEqual(asked(), ["POST", "GET"]);
});

test("the lookup of an entry fails: 503, and nothing is resumed blindly", async () => {
  await fail({ status: 503 }, LOOKUP);
  const { workflowRunId: runId } = await world.qstash.plant();

  assertRefused(await world.deliver({ dlqId: null, runId }), 503, "api_server_error");
  assert.deepEqual(await world.calls(), ["GET /v2/workflows/dlq"]);
});

for (const [what, answer] of [
  ["an HTML page", { headers: { "content-type": "text/html" }, body: "<html>Welcome</html>" }],
  ["nothing", {}],
  ["JSON of another kind", { body: '{"ok":true}' }],
  ["a run without id", { body: '{"workflowRunId":""}' }],
  ["two runs for one entry", { body: '{"workflowRuns":[{"workflowRunId":"a"},{"workflowRunId":"b"}]}' }],
]) {
  test(`a 200 with ${what} is no success: 503`, async () => {
    standIn.answer = ({ method }) => (method === "POST" ? answer : { body: '{"dlqId":"x"}' });
    assertRefused(await standIn.deliver(), 503, "api_malformed_answer");
    assert.deepEqual(asked(), ["POST", "GET"]);
  });
}

test("a redirect is not followed, so that the token stays with the configured host", async (t) => {
  const elsewhere = await startRecorder();
  t.after(elsewhere.stop);
  for (const status of [301, 302, 307, 308]) {
    standIn.answer = () => ({ status, headers: { location: `${elsewhere.url}/v2/steal` } });
    assertRefused(await standIn.deliver(), 503, "api_unexpected_answer");
  }
  const sent = standIn.requests.map(({ headers }) => headers.authorization);
  assert.deepEqual(sent, Array(8).fill(`Bearer ${DEV_CREDENTIALS.token}`), "four calls and four looks");
  assert.deepEqual(elsewhere.requests, []);
});

test("an API that cannot be reached: 503", async (t) => {
  const redrive = await startFor(t, { vars: { QSTASH_URL: await closedPort() } });
  assertRefused(await deliverTo(redrive), 503, "api_unreachable");
});

test("an API that does not answer within API_TIMEOUT: 503, and a look at the entry has a time limit too", async (t) => {
  const api = await startRecorder(() => new Promise(() => {}));
  t.after(api.stop);
  const redrive = await startFor(t, { vars: { QSTASH_URL: api.url, API_TIMEOUT: `${TIMEOUT_MS}ms` } });

  assertRefused(await deliverTo(redrive), 503, "api_unreachable");

  const [line] = await redrive.logs();
  assert.match(line.detail, new RegExp(`${TIMEOUT_MS} ms`));
  assert.deepEqual(api.requests.map(({ method }) => method), ["POST", "GET"]);
  assert.ok(line.apiMs >= 1.9 * TIMEOUT_MS && line.totalMs < 20 * TIMEOUT_MS, JSON.stringify(line));
});

test("an API whose answer stops in the middle: 503", async (t) => {
  const api = await startHalfAnswers();
  t.after(api.stop);
  const redrive = await startFor(t, { vars: { QSTASH_URL: api.url, API_TIMEOUT: `${TIMEOUT_MS}ms` } });
  assertRefused(await deliverTo(redrive), 503, "api_unreachable");
});

for (const [what, headers] of [
  ["announced", { "content-length": String(17 * MIB) }],
  ["not announced", {}],
]) {
  test(`an answer larger than any real one, ${what}: 503, and the rest is not read`, async () => {
    standIn.answer = () => ({ headers, body: "x".repeat(17 * MIB) });
    assertRefused(await standIn.deliver(), 503, "api_unreachable");
    const [line] = await standIn.redrive.logs();
    assert.match(line.detail, /too large.*16777216/);
  });
}

/** The URL of a port that was free a moment ago. */
async function closedPort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

/** A server that announces more than it sends, and then says nothing more. */
async function startHalfAnswers() {
  const sockets = new Set();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("data", () => socket.write("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
