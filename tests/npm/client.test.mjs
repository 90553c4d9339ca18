/** `Client` against local-qstash, beside the official SDK's. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client as OfficialClient } from "@upstash/workflow";
import { Client } from "../../pkg/index.mjs";
import { startLocalQstash } from "../support/local-qstash.mjs";

let qstash;
let client;
let official;
before(async () => {
  qstash = await startLocalQstash();
  client = new Client({ token: qstash.token, baseUrl: qstash.url });
  official = new OfficialClient({ token: qstash.token, baseUrl: qstash.url, devMode: false });
});
after(() => qstash.stop());

/** The names and kinds of values, for what differs from run to run. */
const shape = (value) =>
  Array.isArray(value)
    ? value.map(shape)
    : typeof value === "object" && value !== null
      ? Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shape(inner)]))
      : typeof value;

/** The headers of one of the API requests that set something. */
const settings = ({ headers }) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^upstash-(retries|delay|retry-delay|flow-control|label|failure-callback)/i.test(name)));

async function requestOf(call) {
  const before = (await qstash.requests()).length;
  const value = await call();
  const [request, ...others] = (await qstash.requests()).slice(before);
  assert.equal(others.length, 0);
  return { value, request };
}

for (const operation of ["resume", "restart"]) {
  for (const [what, call] of [
    ["an id", (dlq, id) => dlq[operation](id)],
    ["an id and options", (dlq, id) => dlq[operation](id, { retries: 2, flowControl: { key: "k", rate: 5, parallelism: 2, period: "1m" } })],
    ["the older form", (dlq, id) => dlq[operation]({ dlqId: id })],
    ["the older form with options", (dlq, id) => dlq[operation]({ dlqId: id, retries: 0, flowControl: { key: "k", parallelism: 3 } })],
  ]) {
    test(`${operation} by ${what}: the same values come back as from the official client, the same settings are sent`, async () => {
      const [first, second] = [await qstash.plant(), await qstash.plant()];
      const ours = await requestOf(() => call(client.dlq, first.dlqId));
      const theirs = await requestOf(() => call(official.dlq, second.dlqId));
      assert.deepEqual(shape(ours.value), shape(theirs.value));
      assert.equal(Object.keys(settings(ours.request)).length, Object.keys(settings(theirs.request)).length);
      assert.equal(ours.request.method, theirs.request.method);
    });
  }
}

test("delete answers as the official client's", async () => {
  const [first, second] = [await qstash.plant(), await qstash.plant()];
  assert.deepEqual(await client.dlq.delete(first.dlqId), await official.dlq.delete(second.dlqId));
  await assert.rejects(client.dlq.get(first.dlqId), { code: "not_found", status: 404 });
});

test("get gives the entry as the official list has it", async () => {
  const { dlqId } = await qstash.plant();
  const entry = await client.dlq.get(dlqId);
  const { messages } = await official.dlq.list();
  assert.deepEqual(entry, messages.find((message) => message.dlqId === dlqId));
});

const SEVEN = {
  retries: 4,
  delay: 90,
  retryDelay: "1000 * retried",
  flowControl: { key: "k", rate: 5, period: 60 },
  label: ["a", "b"],
  failureUrl: "https://app.example/failed",
};

for (const operation of ["resume", "restart"]) {
  for (const [what, call] of [
    ["an entry", (dlq, id) => dlq[operation](id, SEVEN)],
    ["a list of entries", (dlq, id) => dlq[operation]([id], SEVEN)],
    ["the older form", (dlq, dlqId) => dlq[operation]({ dlqId, ...SEVEN })],
    ["a page by filter", (dlq) => dlq[operation]({ filter: { label: "seven" } }, SEVEN)],
    ["a job", (dlq) => dlq[`${operation}All`]({ filter: { label: "seven" } }, SEVEN).next()],
  ]) {
    test(`${operation} of ${what}: all seven override headers are sent`, async () => {
      const { dlqId } = await qstash.plant({ labels: ["seven"] });
      const before = (await qstash.requests()).length;
      await call(client.dlq, dlqId);
      const [request, ...others] = (await qstash.requests()).slice(before).filter(({ method }) => method === "POST");
      assert.equal(others.length, 0);
      assert.match(request.path, new RegExp(`/${operation}$`));
      assert.deepEqual(settings(request), {
        "upstash-retries": "4",
        "upstash-delay": "90s",
        "upstash-retry-delay": "1000 * retried",
        "upstash-flow-control-key": "k",
        "upstash-flow-control-value": "rate=5, period=1m",
        "upstash-label": "a,b",
        "upstash-failure-callback": "https://app.example/failed",
      });
    });
  }
}

test("token and address come from the environment, those of QSTASH_REGION first, as with the official client", async (t) => {
  const set = { QSTASH_TOKEN: qstash.token, QSTASH_URL: qstash.url, US_EAST_1_QSTASH_TOKEN: "wrong_token", US_EAST_1_QSTASH_URL: qstash.url };
  Object.assign(process.env, set);
  t.after(() => [...Object.keys(set), "QSTASH_REGION"].forEach((name) => delete process.env[name]));
  t.mock.method(console, "error", () => {});
  await new Client().dlq.list();
  await new OfficialClient({ devMode: false }).dlq.list();
  process.env.QSTASH_REGION = "US_EAST_1";
  await assert.rejects(new Client().dlq.list(), { status: 401 });
  await assert.rejects(new OfficialClient({ devMode: false }).dlq.list(), { status: 401 });
});

test("the official options of a client are taken: as many retries, no telemetry, no development mode", async () => {
  let sent = 0;
  const down = async () => {
    sent += 1;
    return new Response("", { status: 503, headers: { "Retry-After": "0" } });
  };
  const stranger = new Client({ token: "t", fetch: down, retry: { retries: 1 }, enableTelemetry: false, devMode: false });
  await assert.rejects(stranger.dlq.get("1-0"), { code: "server", attempts: 2 });
  assert.equal(sent, 2);
});

test("a wrong token is said to be one, and not shown", async () => {
  const stranger = new Client({ token: "wrong_token", baseUrl: qstash.url });
  const error = await stranger.dlq.get("1-0").catch((it) => it);
  assert.equal(error.code, "unauthorized");
  assert.ok(!error.message.includes("wrong_token"));
});

const TOKEN = "token_of_somebody";
for (const [what, fetch, expected] of [
  ["500", async () => new Response('{"error":"down"}', { status: 500 }), { code: "server", status: 500, isTransient: true, message: /down/ }],
  ["400", async () => new Response('{"error":"no"}', { status: 400 }), { code: "bad_request", status: 400, isTransient: false, mayHaveBeenProcessed: false }],
  ["429", async () => new Response("", { status: 429, headers: { "Burst-RateLimit-Limit": "100", "Burst-RateLimit-Remaining": "0", "Retry-After": "3" } }), { code: "rate_limited", status: 429, retryAfter: 3, limit: 100, remaining: 0 }],
  ["a redirect", async () => new Response(null, { status: 302, headers: { location: "https://evil.example" } }), { code: "unexpected", status: 302 }],
  ["no entry in a success", async () => Response.json([]), { code: "malformed" }],
  ["no answer", async () => Promise.reject(new TypeError("fetch failed")), { code: "transport", isTransient: true, attempts: 1 }],
  ["an error that shows the token", async () => new Response(`{"error":"bad ${TOKEN}"}`, { status: 400 }), { message: /bad …/ }],
]) {
  test(`${what} is an error of its own kind`, async () => {
    const { dlq } = new Client({ token: TOKEN, fetch, retry: false });
    await assert.rejects(dlq.get("1-0"), (error) => {
      assert.ok(error instanceof Error);
      for (const [name, value] of Object.entries(expected)) {
        if (value instanceof RegExp) assert.match(error[name], value);
        else assert.equal(error[name], value, `${name} of ${error.message}`);
      }
      return true;
    });
  });
}

test("what is safe to repeat is repeated, after the time that a rate limit names", async () => {
  const { dlqId } = await qstash.plant();
  let sent = 0;
  const flaky = async (...call) => {
    sent += 1;
    if (sent === 1) throw new TypeError("fetch failed");
    if (sent === 2) return new Response("", { status: 429, headers: { "Retry-After": "0" } });
    return fetch(...call);
  };
  const { dlq } = new Client({ token: qstash.token, baseUrl: qstash.url, fetch: flaky });
  assert.equal((await dlq.get(dlqId)).dlqId, dlqId);
  assert.equal(sent, 3);
});

test("a resume whose answer is lost is settled by looking, and not sent twice", async () => {
  const { dlqId } = await qstash.plant();
  const methods = [];
  const lossy = async (url, init) => {
    methods.push(init.method);
    const response = await fetch(url, init);
    if (init.method !== "POST") return response;
    await response.arrayBuffer();
    throw new TypeError("terminated");
  };
  const { dlq } = new Client({ token: qstash.token, baseUrl: qstash.url, fetch: lossy });
  assert.deepEqual((await dlq.resume(dlqId)).workflowRuns, []);
  assert.deepEqual(methods, ["POST", "GET"]);
  const other = await qstash.plant();
  await assert.rejects(dlq.resume({ dlqId: other.dlqId }), { code: "run_unknown" });
  await assert.rejects(client.dlq.get(dlqId), { code: "not_found" });
});

test("where looking does not help either, the error says that nobody knows", async () => {
  const fetch = async () => Promise.reject(new TypeError("terminated"));
  const { dlq } = new Client({ token: TOKEN, fetch, retry: false });
  await assert.rejects(dlq.resume("1-0"), { code: "ambiguous", mayHaveBeenProcessed: true });
});

test("a call that hangs is given up after the timeout, and at once when its signal says so", async () => {
  const hang = (_, { signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  await assert.rejects(new Client({ token: "t", fetch: hang, timeout: 20, retry: false }).dlq.get("1-0"), { code: "transport", message: /20 ms/ });
  const controller = new AbortController();
  const call = new Client({ token: "t", fetch: hang }).dlq.get("1-0", { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assert.rejects(call, /enough/);
});
