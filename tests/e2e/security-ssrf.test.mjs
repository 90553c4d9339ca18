/** Promise P5 in real workerd: requests go to the addresses of the settings, and nothing that anybody says leads anywhere else. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { failureCallback } from "../support/callback.mjs";
import { DEV_CREDENTIALS } from "../support/local-qstash.mjs";
import { poll, startRecorder } from "../support/net.mjs";
import { DEV_SECRETS, startRedrive } from "../support/redrive.mjs";
import { signToken } from "../support/sign.mjs";
import { deliverTo } from "./harness.mjs";

const ADMIN_TOKEN = "operators-only-0123456789";
const AUTHORIZED = { Authorization: `Bearer ${ADMIN_TOKEN}` };

/** The only paths of the API that there is a reason for. */
const PATHS = /^\/v2\/(dlq|workflows\/(logs|events|dlq(\/(resume|restart|callback))?))(\/[^/?#\\]+)?(\?[^#\\]*)?$/;

/** Texts that climb, break out or name a host; as they are and percent-encoded. */
const HOSTILE = [
  "..", ".", "%2e%2e", "..%2f..%2fkeys", "../../keys", "..\\..\\keys", "..;/keys", "//evil.example/x", "\\\\evil.example", "@evil.example/",
  "1-0/../../../v2/keys", "1-0?all=true", "1-0#top", "1-0%00", "1-0%0d%0aHost:%20evil.example", "．．／keys", "é".repeat(256), "x".repeat(512),
];

const servers = {};
let redrive;
let api = () => undefined;
before(async () => {
  servers.evil = await startRecorder(() => ({ status: 200, body: '{"workflowRunId":"wfr_evil"}' }));
  servers.api = await startRecorder((request) => api(request) ?? { body: '{"workflowRunId":"wfr_new","workflowRuns":[],"messages":[],"runs":[],"deleted":1}' });
  servers.relay = await startRecorder(() => redirect(307));
  servers.chat = await startRecorder(() => redirect(308));
  const to = `${servers.relay.url}/failed`;
  redrive = await startRedrive({
    ledger: true,
    isPublic: true,
    secrets: { ...DEV_SECRETS, ADMIN_TOKEN },
    vars: {
      QSTASH_URL: servers.api.url,
      NOTIFY_SLACK_URL: `${servers.chat.url}/chat`,
      NOTIFY_URL: `${servers.chat.url}/hook`,
      NOTIFY_SECRET: Buffer.alloc(32, 7).toString("base64"),
      SWEEP: "all",
      SWEEP_AFTER: "1s",
      POLICY: {
        settle: "0s",
        backoff: { base: "0s", cap: "0s" },
        breaker: { enabled: false },
        relay_targets: [to],
        rules: [
          { name: "relay", action: "relay", when: { label: "relay" }, relay_to: to },
          { name: "park", action: "park", when: { label: "park" } },
        ],
      },
    },
  });
});
beforeEach(() => {
  api = () => undefined;
  servers.api.requests.length = 0;
});
after(async () => {
  await redrive?.stop();
  for (const { stop } of Object.values(servers)) await stop();
});

const redirect = (status) => ({ status, headers: { Location: `${servers.evil.url}/stolen` }, body: "{}" });

let entries = 0;
const deliver = (options) => deliverTo(redrive, { dlqId: `9-${(entries += 1)}`, ...options });
const operate = (method, path, body) => redrive.send(path, { method, headers: AUTHORIZED, body });

/** Asserts that nothing but the API was called, and there only what there is a reason for. */
function assertAtHome(what) {
  assert.deepEqual(servers.evil.requests, [], what);
  for (const { method, path, headers } of servers.api.requests) {
    assert.match(path, PATHS, what);
    assert.equal(headers.host, new URL(servers.api.url).host, what);
    // What a parser of addresses makes of it is what was meant.
    assert.equal(new URL(path, servers.api.url).pathname, path.split("?")[0], `${what}: ${method}`);
    const callback = headers["upstash-failure-callback"];
    if (callback) assert.equal(new URL(callback).origin, redrive.url, what);
  }
}

for (const status of [301, 302, 303, 307, 308]) {
  test(`a redirect of the API, ${status}, is followed by nobody`, async () => {
    api = () => redirect(status);
    assert.equal((await deliver()).status, 503);
    assert.equal((await deliver({ dlqId: null })).status, 503);
    assert.equal((await operate("GET", "/v2/dlq")).status, status);
    const answer = await operate("POST", "/v2/workflows/dlq/resume?all=true");
    assert.deepEqual([answer.status, answer.headers.location], [status, undefined]);
    await operate("POST", "/v1/sweep?dry_run=true");
    await redrive.sweep();
    await operate("POST", "/v1/jobs", JSON.stringify({ id: `job-${status}`, action: "resume", all: true }));
    await poll(() => servers.api.requests.some(({ path }) => path.includes("toDate")), { what: "the job's list" });
    await operate("POST", `/v1/jobs/job-${status}/cancel`);
    assert.ok(servers.api.requests.length >= 7, `${servers.api.requests.length} requests`);
    assertAtHome(status);
  });
}

test("redirects of a failure function, a webhook and a chat are followed by nobody", async () => {
  assert.equal((await deliver({ label: "relay" })).status, 503);
  assert.equal(JSON.parse((await deliver({ label: "park" })).text).outcome, "parked");
  await poll(() => new Set(servers.chat.requests.map(({ path }) => path)).size === 2, { what: "both notices" });
  assert.equal(servers.relay.requests.length, 1);
  assertAtHome("relay and notices");
});

test("no id of a callback, and no text in it, leads elsewhere", async () => {
  for (const text of HOSTILE) {
    for (const options of [
      { dlqId: text },
      { dlqId: null, runId: text },
      { url: `https://evil.example/${text}`, response: { error: text, message: `${servers.evil.url}/${text}` }, step: text, label: text },
      { headers: { Host: "evil.example", "X-Forwarded-Host": "evil.example", Forwarded: "host=evil.example", "X-Original-Url": `${servers.evil.url}/` } },
      { fields: { callback: servers.evil.url, failureCallback: servers.evil.url, baseUrl: servers.evil.url } },
    ]) {
      // HTTP has no way to send other characters in a header.
      if (Object.values(options).some((value) => /[^ -~]/.test(JSON.stringify(value))) && (options.label || options.step)) delete options.label;
      const headers = { "Upstash-Workflow-RunId": "wfr_x", "Upstash-Workflow-Url": servers.evil.url, ...options.headers };
      const { status } = await deliver({ ...options, headers });
      assert.ok([200, 489].includes(status), `${status} for ${JSON.stringify(options)}`);
    }
  }
  assertAtHome("callbacks");
  const named = servers.api.requests.map(({ path }) => decodeURIComponent(path.split("/").at(-1)));
  for (const text of ["%2e%2e", "1-0/../../../v2/keys", "@evil.example/", "x".repeat(512)]) assert.ok(named.includes(text), text);
});

test("no query of a callback's address leads elsewhere, lineage or not", async () => {
  for (const path of [
    `/?redrive=1.${Date.now()}.${encodeURIComponent(`${servers.evil.url}/`)}`,
    `/?url=${servers.evil.url}&baseUrl=${servers.evil.url}&QSTASH_URL=${servers.evil.url}`,
    `/?redrive=1.${Date.now()}.wfr_a%2F..%2F..`,
    "/?@evil.example",
    "/?%2f%2fevil.example",
  ]) {
    assert.equal((await deliver({ path })).status, 200, path);
  }
  assertAtHome("queries");
});

test("whoever chooses the host of a request chooses nothing", async () => {
  const { headers, body } = failureCallback({ dlqId: "8-1" });
  const send = (url, more) => {
    const signature = signToken({ key: DEV_CREDENTIALS.currentKey, url, body });
    return redrive.send("/", { method: "POST", headers: { ...headers, ...more, "Upstash-Signature": signature }, body });
  };
  assert.equal((await send("http://evil.example/", { Host: "evil.example" })).status, 401);
  assert.equal((await send("http://evil.example/", { "X-Forwarded-Host": "evil.example" })).status, 401);
  const answer = await send(`${redrive.url}/`, { Host: "evil.example" });
  assert.equal(answer.status, 200, answer.text);
  assertAtHome("Host");
});

test("nothing in the queue leads elsewhere", async () => {
  const entry = (text, n) => ({
    dlqId: text.length > 500 ? `1-${n}` : text, workflowRunId: `wfr_${n}`, workflowUrl: `https://evil.example/${text}`, url: servers.evil.url,
    responseStatus: 503, failureCallback: `${servers.evil.url}/${encodeURIComponent(text)}`, failureFunctionState: "CALLBACK_FAIL", cursor: servers.evil.url,
  });
  const ids = HOSTILE.filter((text) => !/^\.{1,2}$/.test(text));
  api = ({ method, path }) => {
    if (method !== "GET" || path.includes("cursor=")) return undefined;
    return { body: JSON.stringify({ messages: ids.map(entry), cursor: `${servers.evil.url}/?a=b&c#d/../..` }) };
  };
  await operate("POST", "/v1/sweep");
  await operate("POST", "/v1/jobs", JSON.stringify({ id: "hostile", action: "restart", all: true }));
  await poll(async () => /"state":"(done|failed|halted)"/.test((await operate("GET", "/v1/jobs/hostile")).text), { what: "the job's end", timeout: 20_000 });
  assert.ok(servers.api.requests.some(({ method, path }) => method === "POST" && path.includes("dlqIds=")), "the job has acted");
  assert.ok(servers.api.requests.some(({ path }) => path.includes("cursor=")));
  assertAtHome("the queue");
});

test("nothing that an operator names leads elsewhere", async () => {
  for (const text of HOSTILE) {
    for (const spelling of [text, encodeURIComponent(text)]) {
      // What cannot be sent as it is in the first line of a request.
      if (/[^!-~]/.test(spelling)) continue;
      for (const [method, at] of [
        ["GET", "/v2/workflows/dlq/"], ["DELETE", "/v2/workflows/dlq/"], ["GET", "/v2/dlq/"], ["POST", "/v2/workflows/dlq/resume/"],
        ["POST", "/v2/workflows/dlq/restart/"], ["POST", "/v2/workflows/dlq/callback/"], ["GET", "/v2/dlq?cursor="], ["GET", "/v2/workflows/logs?workflowRunId="],
        ["POST", "/v2/workflows/dlq/resume?dlqIds="], ["GET", "/v1/recoveries/"], ["GET", "/v1/jobs/"], ["POST", "/v1/targets/"], ["GET", "/v1/recoveries?cursor="],
      ]) {
        const { status } = await operate(method, at + spelling);
        assert.ok(status < 500, `${status} for ${method} ${at}${spelling}`);
      }
    }
  }
  assert.ok(servers.api.requests.length > 50);
  assertAtHome("operators");
});

test("a target of any length is dealt with once, and remembered", async () => {
  for (const length of [1000, 2035, 2048, 8000]) {
    const dlqId = `6-${length}`;
    const options = { dlqId, runId: `wfr_6${length}`, url: `https://shop.example/${"x".repeat(length)}` };
    assert.equal(JSON.parse((await deliver(options)).text).outcome, "resumed");
    assert.equal(JSON.parse((await deliver(options)).text).duplicate, true, `${length}`);
    const { text } = await operate("GET", `/v1/recoveries/wfr_6${length}`);
    assert.equal(JSON.parse(text).recoveries[0].conclusion.outcome, "resumed");
    assert.equal(servers.api.requests.filter(({ path }) => path.endsWith(dlqId)).length, 1);
  }
});
