/** `createHandler`: the whole callback pipeline as a function, against local-qstash and against an API that misbehaves. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createHandler } from "../../pkg/index.mjs";
import { failureCallback } from "../support/callback.mjs";
import { startLocalQstash } from "../support/local-qstash.mjs";
import { signToken } from "../support/sign.mjs";

const URL = "https://app.example/api/failed";
let qstash;
before(async () => (qstash = await startLocalQstash()));
after(() => qstash.stop());

/** A handler, with what it logs and what it sends. */
function handler(settings = {}) {
  const lines = [];
  const sent = [];
  const call = settings.fetch ?? fetch;
  const handle = createHandler({
    token: qstash.token,
    baseUrl: qstash.url,
    currentSigningKey: qstash.currentKey,
    nextSigningKey: qstash.nextKey,
    log: (line, isError) => lines.push({ ...line, isError }),
    ...settings,
    fetch: (url, init) => {
      sent.push({ url, ...init });
      return call(url, init);
    },
  });
  return { handle, lines, sent };
}

/** A signed callback; `signed` changes the token. */
function callback(options = {}, { signed = {}, url = URL, ...init } = {}) {
  const { headers, body } = failureCallback(options);
  const signature = signToken({ key: qstash.currentKey, url, body, ...signed });
  return new Request(url, { method: "POST", body, ...init, headers: { ...headers, "Upstash-Signature": signature } });
}

/** A callback of an entry that is in the queue. */
async function planted(options = {}) {
  const entry = await qstash.plant();
  return { entry, options: { dlqId: entry.dlqId, runId: entry.workflowRunId, status: 503, ...options } };
}

async function answerOf(handle, request) {
  const response = await handle(request);
  return { status: response.status, headers: response.headers, body: await response.json() };
}

test("a verified callback resumes its run, with the lineage in the next callback's URL", async () => {
  const { entry, options } = await planted();
  const { handle, lines, sent } = handler();

  const { status, body, headers } = await answerOf(handle, callback(options));

  assert.equal(status, 200);
  assert.equal(headers.get("content-type"), "application/json");
  assert.equal(body.outcome, "resumed");
  assert.match(body.newRunId, /^wfr_/);
  const [resume] = sent;
  assert.equal(resume.url, `${qstash.url}/v2/workflows/dlq/resume/${entry.dlqId}`);
  assert.equal(resume.redirect, "manual");
  const next = new Headers(resume.headers).get("Upstash-Failure-Callback");
  assert.match(next, /^https:\/\/app\.example\/api\/failed\?redrive=1\.\d+\./);
  assert.equal(lines.length, 1);
  assert.equal(lines[0].result.outcome, "resumed");
  assert.equal(lines[0].apiCalls, 1);
  assert.equal(lines[0].isError, false);
});

test("a second delivery gets the first answer and sends nothing", async () => {
  const { options } = await planted();
  const { handle, sent } = handler();
  const first = await answerOf(handle, callback(options));
  const second = await answerOf(handle, callback(options));
  assert.deepEqual(second.body, { ...first.body, duplicate: true });
  assert.equal(sent.length, 1);
});

for (const [what, code, signed] of [
  ["forged", "signature_mismatch", { key: "sig_other" }],
  ["expired", "signature_expired", { now: 1_700_000_000 }],
  ["made for another URL", "signature_url_mismatch", { url: "https://app.example/other" }],
]) {
  test(`a token that is ${what} is refused before the body is read`, async () => {
    const { handle, sent } = handler();
    const request = callback({}, { signed });
    const { status, body } = await answerOf(handle, request);
    assert.equal(status, 401);
    assert.equal(body.error.code, code);
    assert.equal(request.bodyUsed, false);
    assert.equal(sent.length, 0);
  });
}

test("an altered body is refused and sends nothing", async () => {
  const { handle, sent } = handler();
  const { status, body } = await answerOf(handle, callback({}, { signed: { body: "other" } }));
  assert.deepEqual([status, body.error.code, sent.length], [401, "body_hash_mismatch", 0]);
});

test("what is no workflow failure is answered so that QStash stops", async () => {
  const { handle } = handler();
  const body = '["no callback"]';
  const { status, headers } = await answerOf(handle, callback({}, { body, signed: { body } }));
  assert.equal(status, 489);
  assert.equal(headers.get("upstash-nonretryable-error"), "true");
});

test("a body over the limit is refused, be its size announced or not", async () => {
  const { handle, sent } = handler({ maxBodyBytes: 1000 });
  const body = "x".repeat(5000);
  const stream = new Blob([body]).stream();
  for (const given of [{ body }, { body: stream, duplex: "half" }]) {
    const { status, body: answer } = await answerOf(handle, callback({}, { ...given, signed: { body } }));
    assert.deepEqual([status, answer.error.code], [413, "body_too_large"]);
  }
  assert.equal(sent.length, 0);
});

test("a body that breaks off is to be delivered again", async () => {
  const { handle } = handler();
  const body = new ReadableStream({ start: (controller) => controller.error(new Error("gone")) });
  const { status, headers } = await answerOf(handle, callback({}, { body, duplex: "half" }));
  assert.equal(status, 503);
  assert.equal(headers.get("retry-after"), "10");
});

for (const [what, fetch, code] of [
  ["answers 500", async () => new Response("no", { status: 500 }), "api_server_error"],
  ["answers 429", async () => new Response("", { status: 429, headers: { "Retry-After": "7" } }), "api_rate_limited"],
  ["redirects", async () => new Response(null, { status: 302, headers: { Location: "https://evil.example" } }), "api_unexpected_answer"],
  ["cannot be reached", async () => Promise.reject(new TypeError("fetch failed")), "api_unreachable"],
]) {
  test(`where the API ${what}, QStash shall deliver again`, async () => {
    const { handle, sent } = handler({ fetch });
    const { status, body, headers } = await answerOf(handle, callback({ status: 503 }));
    assert.deepEqual([status, body.error.code], [503, code]);
    assert.ok(Number(headers.get("retry-after")) > 0);
    assert.ok(sent.every(({ url }) => url.startsWith(qstash.url)));
  });
}

test("an API that hangs is given up after the timeout", async () => {
  const hang = (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const { handle } = handler({ fetch: hang, timeout: 20 });
  const { status, body } = await answerOf(handle, callback({ status: 503 }));
  assert.deepEqual([status, body.error.code], [503, "api_unreachable"]);
});

test("the policy decides: parked runs are left in the queue", async () => {
  const policy = { rules: [{ name: "never", action: "park" }] };
  const { handle, sent } = handler({ policy });
  const { body } = await answerOf(handle, callback({ status: 503 }));
  assert.deepEqual([body.outcome, body.rule, sent.length], ["parked", "never", 0]);
});

const RELAYING = {
  relay_targets: "https://shop.example/failed?x=1",
  rules: [{ name: "hand on", action: "relay", relay_to: "https://shop.example/failed?x=1" }],
};

test("a callback is handed on as it came, and again while it is not taken", async () => {
  let status = 500;
  const { handle, sent, lines } = handler({ policy: RELAYING, fetch: async () => new Response("", { status }) });
  const options = { payload: "ä".repeat(50_000), headers: { Authorization: "Bearer of-the-user" } };
  const request = callback(options);
  const came = await request.clone().arrayBuffer();

  const refused = await answerOf(handle, request);
  status = 202;
  const taken = await answerOf(handle, callback(options));

  assert.deepEqual([refused.status, refused.body.error.code], [503, "relay_failed"]);
  assert.deepEqual([taken.status, taken.body.outcome, taken.body.reason], [200, "parked", "relayed"]);
  assert.deepEqual(sent.map(({ url, method, redirect }) => `${method} ${url} ${redirect}`), Array(2).fill("POST https://shop.example/failed?x=1 manual"));
  assert.ok(Buffer.from(sent[0].body).equals(Buffer.from(came)), "the body, byte by byte");
  const headers = new Headers(sent[0].headers);
  assert.equal(headers.get("upstash-signature"), request.headers.get("upstash-signature"));
  assert.deepEqual([headers.get("authorization"), headers.get("content-type")], ["Bearer of-the-user", "application/json"]);
  assert.ok(!headers.get("authorization").includes(qstash.token));
  assert.equal(lines[0].detail, "relay_to answered 500");
});

test("a callback that is too large to be held is not handed on", async () => {
  const { handle, sent } = handler({ policy: RELAYING });
  const { body } = await answerOf(handle, callback({ payload: Buffer.alloc(7_000_000, "x") }));
  assert.deepEqual([body.outcome, body.reason, sent.length], ["parked", "too_large_to_relay", 0]);
});

test("behind a proxy the public URL is the one that is verified", async () => {
  const { handle } = handler({ publicUrl: "https://public.example/hook", policy: { dry_run: true } });
  const { body } = await answerOf(handle, callback({ status: 503 }, { signed: { url: "https://public.example/hook" } }));
  assert.equal(body.outcome, "dry_run");
});

test("callbacks at the same time do not mix", async () => {
  const { handle } = handler();
  const many = await Promise.all(Array.from({ length: 20 }, () => planted()));
  const answers = await Promise.all(many.map(({ options }) => answerOf(handle, callback(options))));
  assert.deepEqual(answers.map(({ body }) => body.dlqId), many.map(({ entry }) => entry.dlqId));
  assert.equal(new Set(answers.map(({ body }) => body.newRunId)).size, 20);
});

test("other methods are refused", async () => {
  const { handle } = handler();
  const { status, headers } = await answerOf(handle, new Request(URL));
  assert.deepEqual([status, headers.get("allow")], [405, "POST"]);
});

test("no secret is in a log line or an answer", async () => {
  const { options } = await planted();
  const { handle, lines } = handler({ fetch: async () => new Response(JSON.stringify({ error: `bad token ${qstash.token}` }), { status: 400 }) });
  const { body } = await answerOf(handle, callback(options));
  const shown = JSON.stringify([body, lines]);
  for (const secret of [qstash.token, qstash.currentKey, qstash.nextKey]) assert.ok(!shown.includes(secret));
});
