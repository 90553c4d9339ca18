/** What HTTP allows and a Worker must not: other methods, doubled and oversized headers, bodies that are not what they say. */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { after, before, beforeEach, test } from "node:test";
import { gzipSync } from "node:zlib";
import { failureCallback } from "../support/callback.mjs";
import { DEV_CREDENTIALS } from "../support/local-qstash.mjs";
import { startRecorder } from "../support/net.mjs";
import { DEV_SECRETS, startRedrive } from "../support/redrive.mjs";
import { signToken } from "../support/sign.mjs";
import { deliverTo } from "./harness.mjs";

const ADMIN_TOKEN = "operators-only-0123456789";
const AUTHORIZED = { Authorization: `Bearer ${ADMIN_TOKEN}` };
const OPERATED = [
  "/v2/dlq", "/v2/dlq/1-0", "/v2/workflows/dlq", "/v2/workflows/dlq/1-0", "/v2/workflows/dlq/resume", "/v2/workflows/dlq/restart/1-0",
  "/v2/workflows/dlq/callback/1-0", "/v2/workflows/logs", "/v2/nothing", "/v1/recoveries", "/v1/recoveries/wfr_a", "/v1/targets", "/v1/targets/a",
  "/v1/targets/a/pause", "/v1/decide", "/v1/jobs", "/v1/jobs/a", "/v1/jobs/a/cancel", "/v1/sweep", "/v1/nothing", "/metrics",
];

let api;
let redrive;
let without;
before(async () => {
  api = await startRecorder(() => ({ body: '{"workflowRunId":"wfr_new","messages":[],"deleted":1}' }));
  const vars = { QSTASH_URL: api.url };
  redrive = await startRedrive({ ledger: true, isPublic: true, secrets: { ...DEV_SECRETS, ADMIN_TOKEN }, vars });
  without = await startRedrive({ vars });
});
beforeEach(() => void (api.requests.length = 0));
after(async () => {
  await redrive?.stop();
  await without?.stop();
  await api?.stop();
});

let entries = 0;
const deliver = (options) => deliverTo(redrive, { dlqId: `9-${(entries += 1)}`, ...options });

/** A signed callback, ready to be sent in odd ways. */
function signed(body = failureCallback({ dlqId: `8-${(entries += 1)}` }).body, url = `${redrive.url}/`) {
  return { body, signature: signToken({ key: DEV_CREDENTIALS.currentKey, url, body }) };
}

/** Sends bytes as they are; resolves with all that comes back within a second, or until the other side hangs up. */
function raw(text) {
  const { hostname, port } = new URL(redrive.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = "";
    socket.setTimeout(1000, () => socket.destroy());
    socket.on("data", (chunk) => (answer += chunk));
    socket.on("error", (error) => (error.code === "ECONNRESET" || error.code === "EPIPE" ? resolve(answer) : reject(error)));
    socket.on("close", () => resolve(answer));
  });
}

const head = (signature, more = []) =>
  ["POST / HTTP/1.1", `Host: ${new URL(redrive.url).host}`, `Upstash-Signature: ${signature}`, "Connection: close", ...more, "", ""].join("\r\n");
const statusOf = (answer) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);

test("no method but its own does anything on any path, whatever a header says", async () => {
  const overridden = { ...AUTHORIZED, "X-HTTP-Method-Override": "POST", "X-Method-Override": "POST", "X-HTTP-Method": "POST" };
  for (const path of OPERATED) {
    for (const method of ["HEAD", "OPTIONS", "PUT", "PATCH"]) {
      const { status, headers } = await redrive.send(`${path}?_method=POST`, { method, headers: overridden });
      assert.ok([400, 404, 405].includes(status), `${method} ${path}: ${status}`);
      if (status === 405) assert.ok(!headers.allow.includes(method), `${method} ${path}`);
    }
  }
  const { body, signature } = signed();
  for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
    const { status } = await redrive.send("/", { method, headers: { ...overridden, "Upstash-Signature": signature, "Content-Length": Buffer.byteLength(body) }, body });
    assert.equal(status, 405, method);
  }
  assert.deepEqual(api.requests, []);
});

test("a body where none belongs changes nothing", async () => {
  const body = '{"id":"smuggled","action":"restart","all":true}';
  for (const [path, status] of [["/v1/jobs", 200], ["/v1/sweep", 200], ["/v2/dlq", 200], ["/metrics", 200], ["/healthz", 200]]) {
    const answer = await redrive.send(path, { headers: { ...AUTHORIZED, "Content-Length": body.length }, body });
    assert.equal(answer.status, status, `${path}: ${answer.text}`);
  }
  assert.equal((await redrive.send("/v1/jobs/smuggled", { headers: AUTHORIZED })).status, 404);
  assert.deepEqual(api.requests.map(({ method }) => method), ["GET"]);
});

test("strangers are told the same wherever they knock: 401 with an ADMIN_TOKEN, 404 without, and nothing of what is there", async () => {
  const seen = async (to, path, method, headers) => {
    const { status, headers: told, text } = await to.send(path, { method, headers });
    const { date, ...others } = told;
    return JSON.stringify([status, Object.keys(others).filter((name) => !["connection", "keep-alive", "transfer-encoding"].includes(name)).sort(), text]);
  };
  for (const method of ["GET", "POST", "DELETE", "OPTIONS"]) {
    const refused = new Set();
    const absent = new Set([await seen(without, "/nope", method)]);
    for (const path of OPERATED) {
      for (const headers of [undefined, { Authorization: "Bearer wrong" }, { Origin: "https://evil.example", "Access-Control-Request-Method": "POST" }]) {
        refused.add(await seen(redrive, path, method, headers));
        absent.add(await seen(without, path, method, { ...headers, ...AUTHORIZED }));
      }
    }
    assert.deepEqual([...refused].map((answer) => JSON.parse(answer)[0]), [401], `${method}: ${[...refused].join("\n")}`);
    assert.deepEqual([...absent].map((answer) => JSON.parse(answer)[0]), [404], `${method}: ${[...absent].join("\n")}`);
  }
  assert.deepEqual(api.requests, []);
});

test("no answer names a product, a version or a place, and none lets a foreign page read it", async () => {
  for (const [path, method] of [["/", "GET"], ["/", "POST"], ["/healthz", "GET"], ["/nope", "GET"], ["/v2/dlq", "GET"], ["/v1/jobs", "POST"]]) {
    for (const more of [{}, AUTHORIZED]) {
      const { headers, text } = await redrive.send(path, { method, headers: { Origin: "https://evil.example", Cookie: "a=b", ...more } });
      const odd = Object.keys(headers).filter((name) => !["content-type", "content-length", "allow", "date", "connection", "keep-alive", "transfer-encoding"].includes(name));
      assert.deepEqual(odd, [], `${method} ${path}`);
      assert.ok(!/workerd|cloudflare|rust|wasm|version|\d+\.\d+\.\d+|127\.0\.0\.1/i.test(text), text);
    }
  }
});

test("only the one header, in the one way, lets an operator in", async () => {
  for (const headers of [
    { Authorization: ADMIN_TOKEN },
    { Authorization: `Basic ${Buffer.from(`operator:${ADMIN_TOKEN}`).toString("base64")}` },
    { Authorization: `Bearer ${ADMIN_TOKEN}x` },
    { Authorization: `Bearer ${ADMIN_TOKEN.slice(0, -1)}` },
    { Authorization: `Bearer ${ADMIN_TOKEN.toUpperCase()}` },
    { Authorization: `Bearer ${DEV_SECRETS.QSTASH_TOKEN}` },
    { Authorization: `Bearer ${ADMIN_TOKEN}, Bearer ${ADMIN_TOKEN}` },
    { Authorization: [`Bearer wrong`, `Bearer ${ADMIN_TOKEN}`] },
    { Authorization: "Bearer" },
    { Authorization: "Bearer " },
    { "X-Authorization": `Bearer ${ADMIN_TOKEN}` },
    { "Proxy-Authorization": `Bearer ${ADMIN_TOKEN}` },
    { Cookie: `authorization=Bearer ${ADMIN_TOKEN}; token=${ADMIN_TOKEN}` },
  ]) {
    assert.equal((await redrive.send("/v2/dlq", { headers })).status, 401, JSON.stringify(headers));
  }
  for (const query of [`token=${ADMIN_TOKEN}`, `qstash_token=${ADMIN_TOKEN}`, `access_token=${ADMIN_TOKEN}`, `authorization=Bearer%20${ADMIN_TOKEN}`]) {
    assert.equal((await redrive.send(`/v2/dlq?${query}`)).status, 401, query);
  }
  assert.deepEqual(api.requests, []);
});

test("no spelling of a path gets around the token", async () => {
  for (const path of ["//v2/dlq", "/V2/dlq", "/v2//dlq", "/v2/./dlq", "/x/../v2/dlq", "/%76%32/dlq", "/v2%2fdlq", "/v2/dlq/", "/v2/dlq;a=b", "/v2\\dlq", "/metrics/", "/.//v2/dlq", "/v1/../v2/dlq", "/%2e%2e/v2/dlq"]) {
    const { status } = await redrive.send(path);
    assert.ok([401, 404].includes(status), `${path}: ${status}`);
  }
  assert.deepEqual(api.requests, []);
});

test("a header that comes twice is none of the two", async () => {
  const good = signed();
  const forged = signToken({ key: "sig_forged", url: `${redrive.url}/`, body: good.body });
  const send = (signature) => redrive.send("/", { method: "POST", headers: { "Upstash-Signature": signature }, body: good.body });
  for (const twice of [[good.signature, forged], [forged, good.signature], [good.signature, good.signature], [good.signature, ""]]) {
    assert.equal((await send(twice)).status, 401);
  }
  assert.deepEqual(api.requests, []);
  assert.equal((await send(good.signature)).status, 200);
});

test("large and many headers are refused or ignored, and the Worker goes on", async () => {
  const { body, signature } = signed();
  const many = (count, value) => Object.fromEntries(Array.from({ length: count }, (_, n) => [`X-Bomb-${n}`, value]));
  for (const [what, headers] of [
    ["a value of 60 KB", { "X-Bomb": "x".repeat(60_000) }],
    ["a value of 1 MB", { "X-Bomb": "x".repeat(1_000_000) }],
    ["a thousand headers", many(1000, "x")],
    ["ten thousand headers", many(10_000, "x")],
    ["a token of 60 KB", { "Upstash-Signature": `${"a".repeat(60_000)}.b.c` }],
    ["a token of dots", { "Upstash-Signature": ".".repeat(60_000) }],
    ["a region of 60 KB", { "Upstash-Region": "x".repeat(60_000), "Upstash-Signature": "a.b.c" }],
    ["a label of 60 KB", { "Upstash-Label": "x,".repeat(30_000), "Upstash-Signature": "a.b.c" }],
    ["an Authorization of 60 KB", { Authorization: `Bearer ${"x".repeat(60_000)}` }],
  ]) {
    for (const [method, path] of [["POST", "/"], ["GET", "/v2/dlq"]]) {
      const sent = redrive.send(path, { method, headers, body: method === "POST" ? body : undefined });
      const { status } = await sent.catch((error) => ({ status: error.code }));
      assert.ok([400, 401, 413, 431, "ECONNRESET", "EPIPE", "HPE_HEADER_OVERFLOW"].includes(status), `${what} at ${path}: ${status}`);
    }
  }
  assert.deepEqual(api.requests, []);
  const labelled = await redrive.send("/", { method: "POST", headers: { "Upstash-Signature": signature, "Upstash-Label": "x,".repeat(10_000) }, body });
  assert.equal(labelled.status, 200, "what is ours is dealt with all the same");
});

test("long queries are refused or read, and the Worker goes on", async () => {
  const pairs = (count) => Array.from({ length: count }, (_, n) => `k${n}=v`).join("&");
  for (const [path, statuses] of [
    [`/?${pairs(5000)}`, [401, 414]],
    [`/?${"redrive=0.1.wfr_a&".repeat(300)}`, [489]],
    [`/?redrive=1.2.${"%41".repeat(2000)}`, [489]],
    [`/?x=${"%25".repeat(2500)}`, [200]],
    [`/?${"&".repeat(7000)}`, [200]],
  ]) {
    const { status } = await deliver({ path });
    assert.ok(statuses.includes(status), `${path.slice(0, 40)}: ${status}`);
  }
  const before = api.requests.length;
  for (const query of [pairs(3000), `label=${"%25".repeat(10_000)}`, `dlqIds=${Array.from({ length: 8000 }, (_, n) => n).join(",")}`, `${"count=1&".repeat(5000)}`]) {
    const { status, text } = await redrive.send(`/v2/workflows/dlq/resume?${query}`, { method: "POST", headers: AUTHORIZED });
    assert.equal(status, 400, query.slice(0, 40));
    assert.ok(text.length < 1000, text);
  }
  assert.equal(api.requests.length, before);
});

test("a body is what its length says, and nothing behind it is read", async () => {
  const { body, signature } = signed();
  const length = Buffer.byteLength(body);
  assert.equal(statusOf(await raw(`${head(signature, [`Content-Length: ${length + 10}`])}${body}`)), 0, "one that does not come is waited for");
  assert.equal(statusOf(await raw(`${head(signature, [`Content-Length: ${length - 1}`])}${body}`)), 401, "a shorter one is another");
  assert.deepEqual(api.requests, []);
  const behind = `POST /v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ADMIN_TOKEN}\r\nContent-Length: 0\r\n\r\n`;
  const answer = await raw(`${head(signature, [`Content-Length: ${length}`])}${body}${behind}`);
  assert.equal(statusOf(answer), 200, answer);
  assert.equal(answer.match(/HTTP\/1\.1 /g).length, 1, "a connection that is closed takes no second request");
});

test("two lengths, or a length and chunks, are not taken for a good callback of another size", async () => {
  const { body, signature } = signed();
  const length = Buffer.byteLength(body);
  const chunked = (text) => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n0\r\n\r\n`;
  for (const [what, more, sent] of [
    ["two lengths", [`Content-Length: ${length}`, `Content-Length: ${length + 5}`], body],
    ["a length and chunks of something else", [`Content-Length: ${length}`, "Transfer-Encoding: chunked"], chunked(`${body} `)],
    ["an encoding in disguise", ["Transfer-Encoding: xchunked"], chunked(body)],
    ["a length that is negative", ["Content-Length: -1"], body],
    ["a length that is none", ["Content-Length: 0x10"], body],
    ["chunks of a size that is none", ["Transfer-Encoding: chunked"], `zz\r\n${body}\r\n0\r\n\r\n`],
    ["chunks that end too early", ["Transfer-Encoding: chunked"], `${(length + 50).toString(16)}\r\n${body}`],
  ]) {
    const status = statusOf(await raw(head(signature, more) + sent));
    assert.ok([0, 400, 401, 411, 500, 501, 503].includes(status), `${what}: ${status}`);
    assert.deepEqual(api.requests, [], what);
  }
  assert.equal(statusOf(await raw(head(signature, ["Transfer-Encoding: chunked"]) + chunked(body))), 200, "chunks of a good one are good");
});

test("a compressed body is verified as it was sent, and never inflated", async () => {
  const { body } = failureCallback({ dlqId: "7-1", payload: "\0".repeat(10_000_000) });
  const packed = gzipSync(body);
  const send = (over, sent) => {
    const signature = signToken({ key: DEV_CREDENTIALS.currentKey, url: `${redrive.url}/`, body: over });
    return redrive.send("/", { method: "POST", headers: { "Content-Encoding": "gzip", "Upstash-Signature": signature }, body: sent });
  };
  assert.equal((await send(body, packed)).status, 401, "not what was signed");
  assert.equal((await send(packed, packed)).status, 489, "what was signed, and no JSON");
  assert.deepEqual(api.requests, []);
});
