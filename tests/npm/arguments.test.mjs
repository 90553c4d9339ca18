/** Bad arguments: an `Error` that names the argument and what is accepted, before any request is sent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, Receiver, createHandler, decide, parseFailureCallback } from "../../pkg/node.mjs";

const KEYS = { currentSigningKey: "sig_current", nextSigningKey: "sig_next" };
const SETTINGS = { token: "token", ...KEYS, log: () => {} };
const URL = "https://app.example/";
const BODY = '{"status":503,"workflowRunId":"wfr_a","dlqId":"1-0","url":"https://shop.example/order"}';
const noRequest = () => assert.fail("a request was sent");
const client = new Client({ token: "token", fetch: noRequest });
const receiver = new Receiver(KEYS);
const long = "x".repeat(20_000);

/** What is called, what the message must name, and bad values for it. */
const CASES = [
  [(token) => new Client({ token }), "`token`", [undefined, null, 7, "", " ", "a b", "a\r\nb", "a\0", "ключ", {}, long]],
  [(baseUrl) => new Client({ token: "t", baseUrl }), "`baseUrl`", [null, 7, "", "qstash", "ftp://a", long]],
  [(timeout) => new Client({ token: "t", timeout }), "`timeout`", ["5", 0, -1, NaN, Infinity, 1.5, 1e9]],
  [(fetch) => new Client({ token: "t", fetch }), "`fetch`", [null, 7, "fetch"]],
  [(config) => new Client(config), "`config`", [undefined, null, 7, "token", []]],
  [(id) => client.dlq.get(id), "`dlqId`", [undefined, null, 7, "", {}, "x".repeat(513)]],
  [(id) => client.dlq.get(id), "DLQ id", [".", "..", "a b", "a\r\nb", "a\0"]],
  [(id) => client.dlq.delete([id]), "`dlqId`", [undefined, null, 7, "", [], {}]],
  [(request) => client.dlq.delete(request), "`request`", [undefined, null, 7, {}, { all: false }, { filter: { label: "a" }, all: true }]],
  [(dlqIds) => client.dlq.resume({ dlqIds }), "`dlqIds`", [[]]],
  [(dlqId) => client.dlq.retryFailureFunction({ dlqId }), "`dlqId`", [undefined, null, 7, ""]],
  [(dlqId) => client.dlq.cancelFailureFunction({ dlqId }), "`dlqId`", [undefined, null, 7, ""]],
  [(count) => client.dlq.list({ count }), "`count`", ["5", 0, -1, NaN, 101, 1.5]],
  [(cursor) => client.dlq.list({ cursor }), "`cursor`", [null, 7, {}]],
  [(filter) => client.dlq.list({ filter }), "`filter`", [null, 7, "a", [], {}]],
  [(label) => client.dlq.list({ filter: { label } }), "label", [null, 7, "", [], "a b", "a,b", "é"]],
  [(workflowUrl) => client.dlq.list({ filter: { workflowUrl } }), "filter", [null, 7, "", [], "app.example", "https://a/,b"]],
  [(workflowRunId) => client.dlq.list({ filter: { workflowRunId } }), "workflowRunId", [null, 7, "", "a b", ".."]],
  [(failureFunctionState) => client.dlq.list({ filter: { failureFunctionState } }), "failureFunctionState", [null, 7, "", [], "FAILED"]],
  [(callerIp) => client.dlq.list({ filter: { callerIp } }), "filter", [null, 7, "", [], "app.example"]],
  [(fromDate) => client.dlq.list({ filter: { fromDate } }), "fromDate", [null, "now", -1, NaN, new Date(NaN)]],
  [(scope) => client.dlq.resumeAll(scope), "`scope`", [undefined, null, 7, {}, { all: false }, { all: true, filter: { label: "a" } }]],
  [(filter) => client.dlq.deleteAll({ filter }), "`filter`", [null, 7, {}]],
  [(limit) => client.dlq.restartAll({ all: true }, { limit }), "`limit`", [null, "5", 0, -1, NaN, 1.5]],
  [(retry) => new Client({ token: "t", retry }), "`retry`", [true, 7, "no"]],
  [(attempts) => new Client({ token: "t", retry: { attempts } }), "`retry.attempts`", [null, "5", 0, NaN, 1.5]],
  [(retries) => client.dlq.resume("1-0", { retries }), "`retries`", [null, "3", -1, 1.5, NaN, Infinity, 2 ** 32]],
  [(delay) => client.dlq.resume("1-0", { delay }), "delay", [null, -1, 1.5, NaN, "", "1", "soon", {}]],
  [(retryDelay) => client.dlq.resume("1-0", { retryDelay }), "retryDelay", [null, 7, "", "1000 *", "a\r\nb", "é"]],
  [(label) => client.dlq.resume("1-0", { label }), "label", [null, 7, "", [], [7], "a b", "a\r\nb", "é"]],
  [(failureUrl) => client.dlq.resume("1-0", { failureUrl }), "failureUrl", [null, 7, "", "app.example", "ftp://a", "https://a/\r\nb"]],
  [(flowControl) => client.dlq.restart("1-0", { flowControl }), "`flowControl`", [null, 7, "key", []]],
  [(key) => client.dlq.restart("1-0", { flowControl: { key } }), "flowControl.key", [undefined, 7, "", "a b", "a\nb", "é"]],
  [(rate) => client.dlq.restart("1-0", { flowControl: { key: "k", rate } }), "`flowControl.rate`", ["1", -1, NaN]],
  [(period) => client.dlq.restart("1-0", { flowControl: { key: "k", rate: 1, period } }), "flowControl.period", [-1, NaN, "", "1"]],
  [(signal) => client.dlq.get("1-0", { signal }), "`signal`", [null, 7, {}]],
  [(request) => client.dlq.resume(request), "`request`", [undefined, null, 7]],
  [(currentSigningKey) => new Receiver({ ...KEYS, currentSigningKey }), "`currentSigningKey`", [null, 7, "", "a b", "a\n"]],
  [(signature) => receiver.verify({ signature, body: "" }), "`signature`", [undefined, null, 7, {}]],
  [(body) => receiver.verify({ signature: "a.b.c", body }), "`body`", [undefined, null, 7, {}, []]],
  [(url) => receiver.verify({ signature: "a.b.c", body: "", url }), "`url`", [null, 7, "", "app.example"]],
  [(clockTolerance) => receiver.verify({ signature: "a.b.c", body: "", clockTolerance }), "`clockTolerance`", [null, "5", -1, NaN, Infinity]],
  [(body) => parseFailureCallback(body), "`body`", [undefined, null, 7, {}]],
  [(headers) => parseFailureCallback(BODY, { headers }), "`headers`", [null, 7, "a: b"]],
  [(now) => parseFailureCallback(BODY, { now }), "`now`", [null, "now", -1, NaN, Infinity, new Date(NaN)]],
  [(now) => decide({ url: URL, body: BODY, now }), "`now`", [null, "now", -1, NaN, Infinity, new Date(NaN)]],
  [(url) => decide({ url, body: BODY }), "`url`", [undefined, null, 7, ""]],
  [(policy) => decide({ url: URL, body: BODY, policy }), "`policy`", [null, 7]],
  [(settings) => createHandler(settings), "`settings`", [undefined, null, 7, []]],
  [(token) => createHandler({ ...SETTINGS, token }), "`token`", [undefined, null, 7, "", "a b", "a\r\nb"]],
  [(nextSigningKey) => createHandler({ ...SETTINGS, nextSigningKey }), "`nextSigningKey`", [undefined, null, 7, "", "a b"]],
  [(baseUrl) => createHandler({ ...SETTINGS, baseUrl }), "`baseUrl`", [null, 7, "", "qstash", "http://qstash.example"]],
  [(publicUrl) => createHandler({ ...SETTINGS, publicUrl }), "`publicUrl`", [null, 7, "", "app", "https://a.example/?b"]],
  [(policy) => createHandler({ ...SETTINGS, policy }), "`policy`", [null, 7, "[]", { max_attempts: -1 }, { rules: [{}] }]],
  [(clockTolerance) => createHandler({ ...SETTINGS, clockTolerance }), "`clockTolerance`", [null, "5s", -1, NaN, 301]],
  [(timeout) => createHandler({ ...SETTINGS, timeout }), "`timeout`", [null, "5s", 0, NaN, 1.5]],
  [(maxBodyBytes) => createHandler({ ...SETTINGS, maxBodyBytes }), "`maxBodyBytes`", [null, "1", 0, NaN, 1.5, Infinity]],
  [(log) => createHandler({ ...SETTINGS, log }), "`log`", [null, 7]],
];

for (const [call, name, values] of CASES) {
  test(`${call}: ${values.length} bad values are refused by the name of the argument`, async () => {
    for (const value of values) {
      const error = await Promise.resolve()
        .then(() => call(value))
        .then(
          () => assert.fail(`accepted: ${String(value).slice(0, 40)}`),
          (refused) => refused,
        );
      assert.equal(error.code, "invalid_argument", `${String(value).slice(0, 40)}: ${error.message}`);
      assert.ok(error.message.includes(name), error.message);
      assert.ok(error.message.length < 400, error.message);
    }
  });
}

for (const [call, hint] of [
  [() => new Client({ token: "t", baseURL: URL }), "`baseUrl`"],
  [() => new Client({ token: "t", tiemout: 5 }), "`timeout`"],
  [() => client.dlq.resume("1-0", { retry: 3 }), "`retries`"],
  [() => client.dlq.resume("1-0", { failureURL: URL }), "`failureUrl`"],
  [() => client.dlq.resume("1-0", { zzzzzzzzzz: 3 }), "accepted are retries, delay"],
  [() => client.dlq.resume({ dlqId: "1-0", retry: 1 }), "`retries`"],
  [() => client.dlq.resumeAll({ all: true }, { retry: 1 }), "`retries`"],
  [() => client.dlq.list({ filter: { lable: "a" } }), "`label`"],
  [() => client.dlq.list({ filters: {} }), "`filter`"],
  [() => client.dlq.restart("1-0", { flowControl: { key: "k", parallel: 1 } }), "`parallelism`"],
  [() => new Receiver({ currentSigninKey: "a" }), "`currentSigningKey`"],
  [() => receiver.verify({ signature: "", body: "", clockTolerence: 5 }), "`clockTolerance`"],
  [() => createHandler({ ...SETTINGS, maxBodyByte: 5 }), "`maxBodyBytes`"],
  [() => decide({ url: URL, body: BODY, polcy: {} }), "`policy`"],
  [() => parseFailureCallback(BODY, { header: {} }), "`headers`"],
]) {
  test(`${call}: an unknown name is refused with ${hint}`, async () => {
    await assert.rejects(async () => call(), (error) => error.code === "invalid_argument" && error.message.includes(hint));
  });
}

test("a policy's error says where in the policy it is", () => {
  const policy = { rules: [{ name: "a", action: "resume", when: { status: "7xx" } }] };
  assert.throws(() => decide({ url: URL, body: BODY, policy }), { code: "invalid_policy", message: /^rules\[0\]\.when\.status must be/ });
});

test("ids with reserved characters reach path and query encoded", async () => {
  const seen = [];
  const fetch = async (url, { method }) => {
    seen.push(`${method} ${new globalThis.URL(url).pathname}${new globalThis.URL(url).search}`);
    return Response.json(method === "GET" ? { dlqId: "x" } : { deleted: 1 });
  };
  const { dlq } = new Client({ token: "t", baseUrl: "https://api.example/", fetch });
  const encoded = { "a/b": "a%2Fb", "a?b": "a%3Fb", "a%2e": "a%252e", "a#b": "a%23b", "a&b=c+d": "a%26b%3Dc%2Bd", ключ: "%D0%BA%D0%BB%D1%8E%D1%87" };
  for (const [id, expected] of Object.entries(encoded)) {
    await dlq.delete(id);
    await dlq.get(id);
    assert.deepEqual(seen.splice(0), [`DELETE /v2/workflows/dlq?dlqIds=${expected}`, `GET /v2/workflows/dlq/${expected}`]);
  }
});
