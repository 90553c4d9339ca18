/** The operator API: what is let in, what arrives at QStash, and what comes back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEV_SECRETS } from "../support/redrive.mjs";
import { assertRefused, assertUntouched, startFor, useWorld } from "./harness.mjs";

const TOKEN = "operators-only-7Qz";
const AUTHORIZED = { Authorization: `Bearer ${TOKEN}` };
const DLQ = "/v2/workflows/dlq";
const world = useWorld({ secrets: { ...DEV_SECRETS, ADMIN_TOKEN: TOKEN } });

const ask = (method, path, headers) => world.redrive.send(path, { method, headers: { ...AUTHORIZED, ...headers } });

/** Method, path and query of every request that arrived at QStash. */
const arrived = async () =>
  (await world.qstash.requests()).map(({ method, path, query }) => `${method} ${path}${query && "?"}${query}`);

/** Asserts an answer in QStash's shape of an error. */
function assertError(answer, status, message) {
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.headers["content-type"], "application/json");
  const { error, ...others } = JSON.parse(answer.text);
  assert.deepEqual(others, {});
  assert.match(error, message);
}

const PATHS = [
  ["GET", "/v2/dlq?source=workflow"],
  ["GET", DLQ],
  ["GET", `${DLQ}/1-0`],
  ["DELETE", `${DLQ}/1-0`],
  ["DELETE", `${DLQ}?all=true`],
  ["POST", `${DLQ}/resume/1-0`],
  ["POST", `${DLQ}/resume?all=true`],
  ["POST", `${DLQ}/restart?all=true`],
  ["POST", `${DLQ}/callback/1-0`],
  ["DELETE", `${DLQ}/callback/1-0`],
  ["OPTIONS", DLQ],
];

test("without ADMIN_TOKEN every path is 404, as one that never was", async (t) => {
  const redrive = await startFor(t, { vars: { QSTASH_URL: world.qstash.url, ADMIN_CORS_ORIGIN: "https://ops.example" } });
  const unknown = await redrive.send("/nope", { method: "POST" });
  for (const [method, path] of PATHS) {
    const headers = { ...AUTHORIZED, Origin: "https://ops.example", "Access-Control-Request-Method": "GET" };
    const answer = await redrive.send(path, { method, headers });
    assertRefused(answer, 404, "not_found", { message: /POST \/ and GET \/healthz/ });
    const { date, ...told } = answer.headers;
    const { date: _, ...expected } = unknown.headers;
    assert.deepEqual([told, answer.text], [expected, unknown.text]);
  }
  await assertUntouched(world);
});

for (const [what, authorization] of [
  ["no token", undefined],
  ["another token", "Bearer operators-only-7QZ"],
  ["the beginning of the token", "Bearer operators-only-7Q"],
  ["more than the token", `Bearer ${TOKEN}x`],
  ["another scheme", `Basic ${TOKEN}`],
  ["an empty token", "Bearer "],
  ["QStash's token", `Bearer ${DEV_SECRETS.QSTASH_TOKEN}`],
]) {
  test(`${what}: 401 everywhere, and nothing is sent`, async () => {
    for (const [method, path] of PATHS) {
      const answer = await world.redrive.send(path, { method, headers: authorization && { Authorization: authorization } });
      assertError(answer, 401, /ADMIN_TOKEN/);
    }
    await assertUntouched(world);
  });
}

test("list and get bring what QStash brings, from both addresses", async () => {
  const { dlqId } = await world.qstash.plant({ labels: ["orders"], body: "ключ" });
  for (const path of ["/v2/dlq?source=workflow&label=orders", `${DLQ}?label=orders`, `${DLQ}/${dlqId}`, `/v2/dlq/${dlqId}`]) {
    const answer = await ask("GET", path);
    const own = await world.qstash.api(path);
    assert.deepEqual([answer.status, answer.text], [200, await own.text()]);
    assert.equal(answer.headers["content-type"], own.headers.get("content-type"));
    assert.match(answer.text, new RegExp(`"dlqId":"${dlqId}"`));
  }
});

for (const [action, done] of [["resume", "resumed"], ["restart", "restarted"]]) {
  test(`${action}: one, by ids, by criteria and all`, async () => {
    const planted = [];
    for (let n = 0; n < 5; n += 1) planted.push((await world.qstash.plant({ labels: [n < 4 ? "a" : "b"] })).dlqId);

    const one = await ask("POST", `${DLQ}/${action}/${planted[0]}`);
    assert.equal(one.status, 200, one.text);
    assert.match(JSON.parse(one.text).workflowRunId, /^wfr_/);
    for (const [query, runs] of [[`dlqIds=${planted[1]},${planted[2]}`, 2], ["label=a", 1], ["all=true", 1], ["all=true", 0]]) {
      const many = await ask("POST", `${DLQ}/${action}?${query}`);
      assert.equal(many.status, 200, many.text);
      assert.equal(JSON.parse(many.text).workflowRuns.length, runs, query);
    }
    assert.deepEqual((await arrived()).slice(0, 4), [
      `POST ${DLQ}/${action}/${planted[0]}`,
      `POST ${DLQ}/${action}?dlqIds=${planted[1]}&dlqIds=${planted[2]}`,
      `POST ${DLQ}/${action}?label=a&count=50`,
      `POST ${DLQ}/${action}?count=50`,
    ]);
    const events = (await world.qstash.timeline()).filter(({ kind }) => kind === done);
    assert.deepEqual(events.map(({ dlqId }) => dlqId), planted);
  });
}

test("delete: one, by ids and all", async () => {
  const { entries } = await world.qstash.plant({ count: 4 });
  const ids = entries.map(({ dlqId }) => dlqId);
  for (const [path, deleted] of [[`${DLQ}/${ids[0]}`, 1], [`${DLQ}?dlqIds=${ids[1]}`, 1], [`${DLQ}?all=true`, 2]]) {
    const answer = await ask("DELETE", path);
    assert.deepEqual([answer.status, JSON.parse(answer.text).deleted], [200, deleted], answer.text);
  }
  assert.deepEqual(JSON.parse((await ask("GET", DLQ)).text).messages, []);
  assertError(await ask("DELETE", `${DLQ}/${ids[0]}`), 404, /not found/);
});

test("a failure callback that failed is delivered again, and one in progress is canceled with QStash's own 302", async () => {
  const failed = await world.qstash.plant({ failureCallback: "http://127.0.0.1:9/", failureFunctionState: "CALLBACK_FAIL" });
  const again = await ask("POST", `${DLQ}/callback/${failed.dlqId}`);
  assert.equal(again.status, 200, again.text);
  assert.equal(JSON.parse(again.text).workflowRunId, failed.workflowRunId);

  const running = await world.qstash.plant({ failureCallback: "http://127.0.0.1:9/", failureFunctionState: "CALLBACK_INPROGRESS" });
  const canceled = await ask("DELETE", `${DLQ}/callback/${running.dlqId}`);
  assert.deepEqual([canceled.status, canceled.headers.location], [302, undefined], canceled.text);
});

test("the state of runs can be read", async () => {
  const { workflowRunId } = await world.qstash.plant();
  for (const path of [`/v2/workflows/logs?workflowRuns=${workflowRunId}&count=10`, "/v2/workflows/events?groupBy=workflowRunId"]) {
    const { status, text } = await ask("GET", path);
    assert.equal(status, 200, text);
    assert.deepEqual(JSON.parse(text).runs.map((run) => [run.workflowRunId, run.workflowState]), [[workflowRunId, "RUN_FAILED"]]);
  }
});

const SEVEN = {
  "upstash-retries": "4",
  "upstash-delay": "90s",
  "upstash-retry-delay": "1000 * pow(2, retried)",
  "upstash-flow-control-key": "redrive",
  "upstash-flow-control-value": "parallelism=3, rate=10, period=1m",
  "upstash-label": "redriven,night",
  "upstash-failure-callback": "https://alerts.example/failed?x=1",
};

for (const action of ["resume", "restart"]) {
  test(`${action}: all seven headers arrive, of one entry and of many, and nothing else of the operator's`, async () => {
    const { entries } = await world.qstash.plant({ count: 2 });
    const more = { "Upstash-Telemetry-Sdk": "x", "X-Secret": "x", Cookie: "x=1", "Upstash-Region": undefined };
    for (const path of [`${DLQ}/${action}/${entries[0].dlqId}`, `${DLQ}/${action}?all=true`]) {
      const { status, text } = await ask("POST", path, JSON.parse(JSON.stringify({ ...SEVEN, ...more })));
      assert.equal(status, 200, text);
    }
    for (const { headers } of await world.qstash.requests()) {
      const { authorization, ...rest } = headers;
      const own = Object.fromEntries(Object.entries(rest).filter(([name]) => /^(upstash-|x-|cookie)/.test(name)));
      assert.deepEqual([authorization, own], ["present", SEVEN]);
    }
  });
}

for (const [method, path, headers, message] of [
  ["POST", `${DLQ}/resume`, {}, /all=true/],
  ["POST", `${DLQ}/restart?cursor=1-0`, {}, /all=true/],
  ["DELETE", DLQ, {}, /all=true/],
  ["DELETE", `${DLQ}?lable=a`, {}, /`lable`.*accepted.*label/],
  ["DELETE", `${DLQ}?label=a&qstash_token=x`, {}, /`qstash_token`/],
  ["DELETE", `${DLQ}?dlqIds=`, {}, /DLQ id is empty/],
  ["DELETE", `${DLQ}?dlqIds=1-0&label=a`, {}, /two ways/],
  ["POST", `${DLQ}/resume?count=0`, {}, /`count`.*1 to 2000/],
  ["POST", `${DLQ}/resume?label=a&fromDate=soon`, {}, /`fromDate`.*milliseconds/],
  ["POST", `${DLQ}/resume?fromDate=2&toDate=1`, {}, /`fromDate`.*`toDate`/],
  ["POST", `${DLQ}/resume?failureFunctionState=FAILED`, {}, /CALLBACK_FAIL/],
  ["GET", `${DLQ}?count=101`, {}, /1 to 100/],
  ["GET", "/v2/dlq?source=qstash", {}, /workflow/],
  ["GET", `${DLQ}/%2e%2e%2fkeys%20`, {}, /DLQ id/],
  ["POST", `${DLQ}/resume/1-0`, { "Upstash-Retries": "many" }, /Upstash-Retries.*0 to 4294967295/i],
  ["POST", `${DLQ}/resume/1-0`, { "Upstash-Delay": "10" }, /Upstash-Delay.*unit/i],
  ["POST", `${DLQ}/resume/1-0`, { "Upstash-Retry-Delay": "x()" }, /Upstash-Retry-Delay/i],
  ["POST", `${DLQ}/restart/1-0`, { "Upstash-Flow-Control-Key": "a b" }, /Upstash-Flow-Control-Key/i],
  ["POST", `${DLQ}/restart/1-0`, { "Upstash-Flow-Control-Value": "rate=1" }, /Upstash-Flow-Control-Key/i],
  ["POST", `${DLQ}/restart/1-0`, { "Upstash-Label": "a b" }, /Upstash-Label/i],
  ["POST", `${DLQ}/restart/1-0`, { "Upstash-Failure-Callback": "javascript:1" }, /Upstash-Failure-Callback.*https/i],
  ["POST", `${DLQ}/restart/1-0`, { "Upstash-Forward-X": "1" }, /Upstash-Forward-X.*accepted/i],
  ["DELETE", `${DLQ}/1-0`, { "Upstash-Retries": "1" }, /not for this call/],
  ["GET", DLQ, { "Upstash-Region": "US-EAST-1" }, /no account/],
]) {
  test(`${method} ${path} ${JSON.stringify(headers)}: 400 before anything is sent`, async () => {
    await world.qstash.plant();
    assertError(await ask(method, path, headers), 400, message);
    await assertUntouched(world);
  });
}

test("a wrong method is 405 with the right ones, an unknown path 404", async () => {
  for (const [method, path, allow] of [["POST", DLQ, "GET, DELETE"], ["GET", `${DLQ}/resume`, "POST"], ["PUT", `${DLQ}/callback/1-0`, "POST, DELETE"]]) {
    const answer = await ask(method, path);
    assertError(answer, 405, /accepted/);
    assert.equal(answer.headers.allow, allow);
  }
  for (const path of ["/v2/keys", "/v2/publish/https://x.example", "/v2/workflows/runs/wfr_1"]) {
    assertError(await ask("POST", path), 404, /accepted/);
  }
  await assertUntouched(world);
});

test("failure callbacks are served beside it", async () => {
  const answer = await world.deliverPlanted();
  assert.equal(answer.status, 200, answer.text);
  assert.equal(JSON.parse(answer.text).outcome, "resumed");
  assertRefused(await ask("POST", "/"), 401, "signature_missing");
});

test("neither token is in what is printed or answered", async () => {
  await ask("POST", `${DLQ}/resume?all=true`);
  await ask("GET", `${DLQ}?nope`);
  await world.redrive.send(DLQ, { headers: { Authorization: "Bearer wrong" } });
  const printed = JSON.stringify(world.redrive.printed());
  assert.ok(!printed.includes(TOKEN) && !printed.includes(DEV_SECRETS.QSTASH_TOKEN));
});

for (const [what, change, name] of [
  ["a token with a blank", { ADMIN_TOKEN: "canary token" }, "ADMIN_TOKEN"],
  ["an origin with a path", { ADMIN_TOKEN: "canary", ADMIN_CORS_ORIGIN: "https://ops.example/" }, "ADMIN_CORS_ORIGIN"],
  ["any origin", { ADMIN_TOKEN: "canary", ADMIN_CORS_ORIGIN: "*" }, "ADMIN_CORS_ORIGIN"],
]) {
  test(`${what}: 500 everywhere, naming ${name} and showing no token`, async (t) => {
    const redrive = await startFor(t, { vars: { QSTASH_URL: world.qstash.url, ...change } });
    const health = await redrive.send("/healthz");
    assertRefused(health, 500, "misconfigured", { message: new RegExp(`^${name} `) });
    const api = await redrive.send(DLQ, { headers: { Authorization: `Bearer ${change.ADMIN_TOKEN}` } });
    assertError(api, 500, new RegExp(`^${name} `));
    assert.ok(!`${health.text}${api.text}${JSON.stringify(redrive.printed())}`.includes("canary"));
  });
}

test("CORS: off unless an origin is named, and then for exactly that one", async (t) => {
  const ops = "https://ops.example";
  const open = await startFor(t, {
    secrets: { ...DEV_SECRETS, ADMIN_TOKEN: TOKEN },
    vars: { QSTASH_URL: world.qstash.url, ADMIN_CORS_ORIGIN: ops },
  });
  const cors = ({ headers }) => Object.keys(headers).filter((name) => name.startsWith("access-control") || name === "vary");
  const question = { Origin: ops, "Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization" };

  const preflight = await open.send(DLQ, { method: "OPTIONS", headers: question });
  assert.deepEqual([preflight.status, preflight.text], [204, ""]);
  assert.equal(preflight.headers["access-control-allow-origin"], ops);
  assert.match(preflight.headers["access-control-allow-methods"], /DELETE/);
  assert.match(preflight.headers["access-control-allow-headers"], /Authorization/);
  assert.equal(preflight.headers.vary, "Origin");
  for (const [headers, status] of [[{ ...AUTHORIZED, Origin: ops }, 200], [{ Origin: ops }, 401]]) {
    const answer = await open.send(DLQ, { headers });
    assert.deepEqual([answer.status, answer.headers["access-control-allow-origin"]], [status, ops]);
    assert.equal(answer.headers.vary, "Origin");
  }
  const other = await open.send(DLQ, { headers: { ...AUTHORIZED, Origin: "https://ops.example.evil" } });
  assert.deepEqual([other.status, cors(other)], [200, ["vary"]]);
  const refused = await open.send(DLQ, { method: "OPTIONS", headers: { ...question, Origin: "null" } });
  assert.deepEqual([refused.status, cors(refused)], [401, ["vary"]]);

  for (const [method, headers] of [["OPTIONS", question], ["GET", { ...AUTHORIZED, Origin: ops }], ["GET", { Origin: ops }]]) {
    assert.deepEqual(cors(await world.redrive.send(DLQ, { method, headers })), []);
  }
});
