/** The package before an attacker: no secret in what it throws, logs, answers or shows, and no request but to the configured address. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { Client, Receiver, createHandler } from "../../pkg/index.mjs";
import { failureCallback } from "../support/callback.mjs";
import { canary, found } from "../support/canaries.mjs";
import { startRecorder } from "../support/net.mjs";
import { signToken, unixNow } from "../support/sign.mjs";

const URL_OF_US = "https://app.example/failed";
const named = (names) => Object.fromEntries(names.map((name) => [name, canary(name)]));
const settings = named(["token", "currentKey", "nextKey", "relayQuery"]);
const failure = named(["payload", "forwardedHeader", "sourceHeader", "responseHeader", "responseStack", "message", "unknownField", "workflowPassword"]);

/** All that one can see of a value, of errors their causes and stacks too. */
const shown = (value) => `${inspect(value, { depth: 20, showHidden: true, getters: true, maxStringLength: null })} ${JSON.stringify(value)} ${value?.stack} ${value}`;

function assertNoSecret(what, content, secrets = { ...settings, ...failure }) {
  assert.equal(found(typeof content === "string" ? content : shown(content), secrets), undefined, what);
}

/** Answers and failures of an API that repeats the token wherever it can. */
const BAD_APIS = {
  "an error of 400": () => new Response(`{"error":"no: Bearer ${settings.token}"}`, { status: 400 }),
  "an error of 401": () => new Response(`no: Bearer ${settings.token}`, { status: 401 }),
  "an error with escapes": () => new Response(`no: Bearer ${settings.token.slice(0, -3)}\\u0030%30`, { status: 403 }),
  "an entry that is gone": () => new Response(settings.token, { status: 404 }),
  "a limit": () => new Response(settings.token, { status: 429, headers: { "retry-after": settings.token, "ratelimit-reset": settings.token } }),
  "an error that is cut": () => new Response(`${"x".repeat(495)}${settings.token}`, { status: 500 }),
  "an answer that is none": () => new Response(settings.token),
  "an entry that cannot be read": () => new Response(JSON.stringify({ messages: [{ dlqId: 7, body: failure.payload }], body: failure.payload, workflowRunId: ["", failure.payload] })),
  "a redirect": () => new Response(settings.token, { status: 302, headers: { Location: `https://evil.example/${settings.token}` } }),
  "a fetch that throws": () => Promise.reject(new TypeError(`cannot send Bearer ${settings.token}`)),
  "a fetch that throws with a cause": () => Promise.reject(new TypeError("fetch failed", { cause: new Error(`header Bearer ${settings.token}`) })),
  "a body that breaks": () => new Response(new ReadableStream({ start: (controller) => controller.error(new Error(settings.token)) })),
};

for (const [what, fetch] of Object.entries(BAD_APIS)) {
  test(`a client shows no secret when it meets ${what}`, async () => {
    const client = new Client({ token: settings.token, baseUrl: "https://qstash.example", fetch: async () => fetch(), retry: false, timeout: 500 });
    assertNoSecret("the client", client);
    assertNoSecret("its queue", client.dlq);
    const pages = async (job) => {
      for await (const page of job) assertNoSecret("a page", page);
    };
    for (const call of [
      (dlq) => dlq.list(),
      (dlq) => dlq.get("1-0"),
      (dlq) => dlq.resume("1-0"),
      (dlq) => dlq.restart(["1-0", "1-1"]),
      (dlq) => dlq.resume({ filter: { label: "a" } }),
      (dlq) => dlq.delete({ all: true }),
      (dlq) => dlq.retryFailureFunction({ dlqId: "1-0" }),
      (dlq) => dlq.cancelFailureFunction({ dlqId: "1-0" }),
      (dlq) => pages(dlq.listAll()),
      (dlq) => pages(dlq.resumeAll({ all: true })),
      (dlq) => pages(dlq.deleteAll({ filter: { label: "a" } })),
    ]) {
      const error = await call(client.dlq).then(
        () => undefined,
        (thrown) => thrown,
      );
      assertNoSecret(`${call}`, error);
    }
  });
}

test("wrong arguments are not repeated where they may be secrets", async () => {
  const { token } = settings;
  const keys = { currentSigningKey: settings.currentKey, nextSigningKey: settings.nextKey };
  for (const call of [
    () => new Client({ token: `${token} ` }),
    () => new Client({ token, baseUrl: token }),
    () => new Client({ token, baseUrl: `https://operator:${token}@qstash.example` }).dlq.list(),
    () => new Client({ token, baseUrl: `http://qstash.example/${token}` }).dlq.list(),
    () => new Client({ token, timeout: token }),
    () => new Client(token),
    () => new Client({ token: [token] }),
    () => new Client({ token }).dlq.get({ token }),
    () => new Client({ token }).dlq.resume({ filter: { workflowUrl: token } }),
    () => new Client({ token }).dlq.resume("1-0", { failureUrl: token }),
    () => new Client({ token }).dlq.resume("1-0", { delay: token }),
    () => new Receiver({ currentSigningKey: `${settings.currentKey}\n`, nextSigningKey: settings.nextKey }),
    () => new Receiver({ currentSigningKey: settings.currentKey }),
    () => new Receiver(settings.currentKey),
    () => new Receiver(keys).verify({ signature: settings.currentKey, body: failure.payload }),
    () => new Receiver(keys).verify({ signature: "a.b.c", body: { text: failure.payload } }),
    () => new Receiver(keys).verify({ signature: "a.b.c", body: failure.payload, url: settings.nextKey }),
    () => createHandler({ token, ...keys, baseUrl: token }),
    () => createHandler({ token, ...keys, publicUrl: `https://${token}@app.example/` }),
    () => createHandler({ token, ...keys, policy: token }),
    () => createHandler({ token, ...keys, policy: { [token]: 1 } }),
    () => createHandler({ token, ...keys, policy: { relay_targets: `http://shop.example/?key=${settings.relayQuery}` } }),
    () => createHandler({ token: `${token}\0`, ...keys }),
    () => createHandler({ token, ...keys, clockTolerance: token }),
  ]) {
    let error;
    try {
      await call();
    } catch (thrown) {
      error = thrown;
    }
    assert.ok(error instanceof Error, `${call} throws`);
    assertNoSecret(`${call}`, error);
  }
});

/** A handler for callbacks that are full of secrets: what it has answered, logged and sent. */
function handler({ fetch = async () => new Response('{"workflowRunId":"wfr_new"}'), ...more } = {}) {
  const [logs, sent] = [[], []];
  const relayTo = `https://shop.example/failed?key=${settings.relayQuery}`;
  const rules = [
    { name: "relay", action: "relay", when: { label: "relay" }, relay_to: relayTo },
    { name: "park", action: "park", when: { label: "park" } },
  ];
  const handle = createHandler({
    token: settings.token, currentSigningKey: settings.currentKey, nextSigningKey: settings.nextKey, baseUrl: "https://qstash.example",
    policy: { relay_targets: relayTo, rules }, log: (line, isError) => logs.push([line, isError]), timeout: 500,
    fetch: (url, init) => {
      sent.push({ url, ...init });
      return fetch(url, init);
    },
    ...more,
  });
  return { handle, logs, sent };
}

let entries = 0;

function callback({ label, sign, sent, headers, body, ...options } = {}) {
  const given = failureCallback({
    dlqId: `1-${(entries += 1)}`, status: 503, label, payload: failure.payload, url: `https://user:${failure.workflowPassword}@shop.example/order`,
    response: { error: "Error", message: failure.message, stack: failure.responseStack }, responseHeaders: { "Set-Cookie": [failure.responseHeader] },
    fields: { sourceHeader: { Authorization: [failure.sourceHeader] }, extra: failure.unknownField }, headers: { Authorization: failure.forwardedHeader }, ...options,
  });
  body ??= given.body;
  const signature = signToken({ key: settings.currentKey, url: URL_OF_US, body, ...sign });
  return new Request(URL_OF_US, { method: "POST", body: sent ?? body, headers: { ...given.headers, ...headers, "Upstash-Signature": signature } });
}

test("a handler answers, logs and sends no secret but where it belongs", async () => {
  const broken = { claim: () => Promise.reject(new Error(settings.token)), record: () => Promise.reject(new Error(settings.token)) };
  const worlds = [handler(), handler({ ledger: broken }), ...Object.values(BAD_APIS).map((fetch) => handler({ fetch: async () => fetch() }))];
  let relayed = 0;
  for (const { handle, logs, sent } of worlds) {
    assertNoSecret("the handler", handle);
    for (const options of [
      {}, { label: "park" }, { label: "relay" }, { dlqId: null }, { sign: { key: "sig_forged" } }, { sign: { now: unixNow() - 1000 } }, { sent: `{"${failure.payload}":1}` },
      { body: failure.payload }, { dlqId: `${failure.payload} with blanks` }, { fields: { status: failure.payload } },
    ]) {
      const response = await handle(callback(options));
      assertNoSecret(`the answer to ${JSON.stringify(options)}`, JSON.stringify([response.status, [...response.headers], await response.text()]));
    }
    assert.equal(logs.length, 10);
    assertNoSecret("logs", logs);
    for (const { url, headers, body } of sent) {
      if (url.startsWith("https://shop.example/failed?")) {
        relayed += 1;
        assertNoSecret("what is handed on", `${JSON.stringify(headers)} ${Buffer.from(body)}`, settings);
        continue;
      }
      const { Authorization, ...others } = headers;
      assert.equal(Authorization, `Bearer ${settings.token}`);
      assertNoSecret("a request of the API", JSON.stringify([url, others, body]));
    }
  }
  assert.ok(relayed > 0, "some are handed on");
});

test("a handler that is not told otherwise prints no secret either", async (t) => {
  const lines = [];
  for (const method of ["log", "error", "warn"]) t.mock.method(console, method, (...values) => lines.push(values));
  const { handle } = handler({ log: undefined, fetch: BAD_APIS["an error of 400"] });
  await handle(callback());
  await handle(callback({ sign: { key: "sig_forged" } }));
  assert.equal(lines.length, 2);
  assertNoSecret("what was printed", lines);
});

test("redirects are followed by nobody", async (t) => {
  const evil = await startRecorder();
  const server = await startRecorder(() => ({ status: 307, headers: { Location: `${evil.url}/stolen` } }));
  t.after(() => Promise.all([evil.stop(), server.stop()]));
  const { dlq } = new Client({ token: settings.token, baseUrl: server.url, retry: false });
  for (const call of [() => dlq.list(), () => dlq.get("1-0"), () => dlq.resume("1-0"), () => dlq.delete({ all: true }), () => dlq.cancelFailureFunction({ dlqId: "1-0" })]) {
    await assert.rejects(call, { status: 307 });
  }
  const policy = { relay_targets: `${server.url}/f`, rules: [{ name: "r", action: "relay", when: { label: "relay" }, relay_to: `${server.url}/f` }] };
  const { handle } = handler({ baseUrl: server.url, policy, fetch });
  assert.equal((await handle(callback())).status, 503);
  assert.equal((await handle(callback({ label: "relay" }))).status, 503);
  assert.ok(server.requests.length >= 7);
  assert.deepEqual(evil.requests, []);
});

test("the host of a request is the one of the settings, for every parser of addresses", async () => {
  const urls = [];
  const fetch = async (url) => {
    urls.push(url);
    return new Response('{"messages":[]}');
  };
  const parts = ["https://", "http://", "good.example", "evil.example", "@", ":", "\\", "/", "?", "#", ".", "..", "%2e", "%40", "127.0.0.1", "[::1]", "localhost", "0x7f.1", "１", "。", "\t", "8080", "xn--a", "ａ"];
  let accepted = 0;
  let seed = 7;
  // The low digits of such numbers are not random.
  const random = (below) => Math.floor((seed = (seed * 48271) % 2147483647) / 1000) % below;
  for (const baseUrl of ["https://good.example@evil.example", "https://good.example:80@evil.example", "https://good.example\\@evil.example", "https://good.example./"]) {
    await assert.rejects(new Client({ token: "t", baseUrl, fetch, retry: false }).dlq.list(), { code: "invalid_argument" });
  }
  const tried = ["https://good.example", "https://good.example:8443/base", "http://127.0.0.1:8080", "http://[::1]:1"];
  for (let n = 0; n < 3000; n += 1) tried.push((n % 3 ? "https://good.example" : "https://") + Array.from({ length: 1 + random(5) }, () => parts[random(parts.length)]).join(""));
  for (const baseUrl of tried) {
    let client;
    try {
      client = new Client({ token: "t", baseUrl, fetch, retry: false });
      await client.dlq.list();
    } catch (error) {
      assert.equal(error.code, "invalid_argument", baseUrl);
      continue;
    }
    accepted += 1;
    const [, authority] = /^https?:\/\/([^/]*)/.exec(baseUrl);
    const { host, username, password, pathname } = new URL(urls.at(-1));
    assert.deepEqual([username, password], ["", ""], baseUrl);
    const isDefault = authority.endsWith(":443") || authority.endsWith(":80");
    assert.equal(host, (isDefault ? authority.replace(/:\d+$/, "") : authority).toLowerCase(), baseUrl);
    assert.ok(pathname.endsWith("/v2/dlq"), baseUrl);
  }
  assert.ok(accepted > 20, `${accepted} of ${tried.length}`);
});

test("an id stays one segment and a criterion one value, for every parser of addresses", async () => {
  const urls = [];
  const { dlq } = new Client({
    token: "t", baseUrl: "https://qstash.example/eu", retry: false,
    fetch: async (url) => {
      urls.push(new URL(url));
      return new Response('{"messages":[],"workflowRuns":[],"deleted":0,"workflowRunId":"wfr_a"}');
    },
  });
  for (const text of ["..", ".", "%2e%2e", "../../v2/keys", "..\\..\\keys", "//evil.example", "@evil.example", "a?all=true", "a#b", "a&b=c", "..;/x", "．．", "\u2024\u2024", "1-0%00"]) {
    for (const call of [
      () => dlq.get(text), () => dlq.resume(text), () => dlq.restart({ dlqId: text }), () => dlq.delete(text), () => dlq.retryFailureFunction({ dlqId: text }),
      () => dlq.list({ filter: { workflowRunId: text } }), () => dlq.list({ cursor: text }), () => dlq.resume({ filter: { workflowRunId: text } }),
    ]) {
      const before = urls.length;
      await call().catch(() => {});
      for (const { href, pathname, searchParams } of urls.slice(before)) {
        assert.ok(href.startsWith("https://qstash.example/eu/v2/"), href);
        assert.match(pathname, /^\/eu\/v2\/(dlq|workflows\/(logs|dlq(\/(resume|restart|callback))?))(\/[^/]+)?$/);
        const named = [decodeURIComponent(pathname.split("/").at(-1)), ...searchParams.values()];
        assert.ok(named.includes(text), `${text} in ${href}`);
      }
    }
  }
  assert.ok(urls.length > 60);
});
