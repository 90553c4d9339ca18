/** Bad arguments: an `Error` that names the argument and what is accepted, before any request is sent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client, Receiver, createHandler, decide, parseFailureCallback } from "../../pkg/index.mjs";

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
  [(config) => new Client(config), "`config`", [7, "token", []]],
  [(config) => new Client(config), "QSTASH_TOKEN", [undefined, null, {}]],
  [(devMode) => new Client({ token: "t", devMode }), "`devMode`", [true, null, "yes"]],
  [(id) => client.dlq.get(id), "`dlqId`", [undefined, null, 7, "", {}, "x".repeat(513)]],
  [(id) => client.dlq.get(id), "DLQ id", [".", "..", "a b", "a\r\nb", "a\0", "a\u00a0b", "é".repeat(257)]],
  [(id) => client.dlq.resume(id), "DLQ id", [".", "..", "a b", "a\r\nb", "a\0", "a,b"]],
  [(id) => client.dlq.restart([id]), "DLQ id", [".", "..", "a b", "a\r\nb", "a\0", "a,b"]],
  [(options) => client.dlq.get("1-0", options), "`options`", [7, "a", []]],
  [(id) => client.dlq.delete(["1-0", id]), "DLQ id", ["a\0", "1-1\x001-2"]],
  [(id) => client.dlq.delete([id]), "`dlqId`", [undefined, null, 7, "", [], {}]],
  [(ids) => client.dlq.delete(ids), "`dlqId`", [[, "1-0"], ["1-0", ,], "", "x".repeat(513)]],
  [(dlqIds) => client.dlq.delete({ dlqIds }), "`dlqId`", [null, 7, "", [""], [7], {}]],
  [(options) => client.dlq.delete("1-0", options), "`options`", [7, "a", [], { retries: 1 }]],
  [(request) => client.dlq.delete(request), "`request`", [undefined, null, 7, {}, { all: false }, { filter: { label: "a" }, all: true }]],
  [(dlqIds) => client.dlq.resume({ dlqIds }), "`dlqIds`", [[]]],
  [(dlqId) => client.dlq.resume({ dlqId }), "`dlqId`", [undefined, null, 7, "", [], [""], {}]],
  [(options) => client.dlq.resume("1-0", options), "`options`", [7, "a", []]],
  [(options) => client.dlq.restart({ dlqId: "1-0" }, options), "`options`", [null, {}, { retries: 1 }]],
  [(count) => client.dlq.restart({ all: true, count }), "`count`", [null, "5", 0, -1, NaN, Infinity, 101, 1.5]],
  [(cursor) => client.dlq.delete({ all: true, cursor }), "`cursor`", [null, 7, {}, long]],
  [(filter) => client.dlq.restart({ filter }), "`filter`", [null, 7, "a", [], {}, { label: undefined }, { url: URL }]],
  [(rest) => client.dlq.resume({ dlqIds: "1-0", ...rest }), "`request`", [{ count: 1 }, { cursor: "a" }, { all: true }, { retries: 1 }]],
  [(request) => client.dlq.retryFailureFunction(request), "`request`", [7, "1-0", []]],
  [(request) => client.dlq.cancelFailureFunction(request), "`request`", [7, "1-0", []]],
  [(parameters) => client.dlq.list(parameters), "`parameters`", [7, "a", []]],
  [(parameters) => client.dlq.listAll(parameters), "`parameters`", [7, "a", [], { count: 5 }]],
  [(dlqId) => client.dlq.retryFailureFunction({ dlqId }), "`dlqId`", [undefined, null, 7, "", ["1-0"]]],
  [(dlqId) => client.dlq.cancelFailureFunction({ dlqId }), "`dlqId`", [undefined, null, 7, ""]],
  [(count) => client.dlq.list({ count }), "`count`", [null, "5", 0, -1, NaN, Infinity, 101, 1.5]],
  [(cursor) => client.dlq.list({ cursor }), "`cursor`", [null, 7, {}, long]],
  [(filter) => client.dlq.list({ filter }), "`filter`", [null, 7, "a", [], {}]],
  [(label) => client.dlq.list({ filter: { label } }), "label", [null, 7, "", [], "a b", "a,b", "é"]],
  [(workflowUrl) => client.dlq.list({ filter: { workflowUrl } }), "filter", [null, 7, "", [], "app.example", "https://a/,b"]],
  [(workflowRunId) => client.dlq.list({ filter: { workflowRunId } }), "workflowRunId", [null, 7, "", "a b", ".."]],
  [(failureFunctionState) => client.dlq.list({ filter: { failureFunctionState } }), "failureFunctionState", [null, 7, "", [], "FAILED"]],
  [(label) => client.dlq.list({ filter: { label } }), "`filter`", ["a\0", "a\0label\0b"]],
  [(callerIp) => client.dlq.list({ filter: { callerIp } }), "filter", [null, 7, "", [], "app.example"]],
  [(url) => client.dlq.list({ filter: { url } }), "url", [null, 7, "", [URL], "app.example", "ftp://a", long]],
  [(responseStatus) => client.dlq.list({ filter: { responseStatus } }), "responseStatus", [null, "503", -1, NaN, 1000, 1.5]],
  [(flowControlKey) => client.dlq.list({ filter: { flowControlKey } }), "flowControlKey", [null, 7, "", [], "a b", "a\nb", "é"]],
  [(workflowCreatedAt) => client.dlq.list({ filter: { workflowCreatedAt } }), "workflowCreatedAt", [null, "now", -1, NaN, Infinity]],
  [(toDate) => client.dlq.list({ filter: { fromDate: 5, toDate } }), "filter", [null, "now", 4, NaN, 1e17]],
  [(fromDate) => client.dlq.list({ filter: { fromDate } }), "fromDate", [null, "now", -1, NaN, new Date(NaN)]],
  [(scope) => client.dlq.resumeAll(scope), "`scope`", [undefined, null, 7, {}, { all: false }, { all: true, filter: { label: "a" } }]],
  [(filter) => client.dlq.deleteAll({ filter }), "`filter`", [null, 7, {}]],
  [(options) => client.dlq.resumeAll({ all: true }, options), "`options`", [7, "a", [], { count: 5 }]],
  [(signal) => client.dlq.deleteAll({ all: true }, { signal }), "`signal`", [null, 7, {}]],
  [(limit) => client.dlq.restartAll({ all: true }, { limit }), "`limit`", [null, "5", 0, -1, NaN, 1.5]],
  [(retry) => new Client({ token: "t", retry }), "`retry`", [true, 7, "no"]],
  [(retries) => new Client({ token: "t", retry: { retries } }), "`retry.retries`", [null, "5", -1, NaN, 1.5, 100]],
  [(maxElapsed) => new Client({ token: "t", retry: { maxElapsed } }), "`retry.maxElapsed`", [null, "5", -1, NaN, Infinity, 1.5]],
  [(attempts) => new Client({ token: "t", retry: { attempts } }), "`retry.attempts`", [null, "5", 0, NaN, 1.5]],
  [(retries) => client.dlq.resume("1-0", { retries }), "`retries`", [null, "3", -1, 1.5, NaN, Infinity, 2 ** 32]],
  [(delay) => client.dlq.resume("1-0", { delay }), "delay", [null, -1, 1.5, NaN, "", "1", "soon", {}]],
  [(retryDelay) => client.dlq.resume("1-0", { retryDelay }), "retryDelay", [null, 7, "", "1000 *", "a\r\nb", "é"]],
  [(label) => client.dlq.resume("1-0", { label }), "label", [null, 7, "", [], [7], "a b", "a\r\nb", "é"]],
  [(failureUrl) => client.dlq.resume("1-0", { failureUrl }), "failureUrl", [null, 7, "", "app.example", "ftp://a", "https://a/\r\nb"]],
  [(flowControl) => client.dlq.restart("1-0", { flowControl }), "`flowControl`", [null, 7, "key", []]],
  [(key) => client.dlq.restart("1-0", { flowControl: { key } }), "flowControl.key", [undefined, 7, "", "a b", "a\nb", "é"]],
  [(rate) => client.dlq.restart("1-0", { flowControl: { key: "k", rate } }), "`flowControl.rate`", ["1", -1, NaN]],
  [(ratePerSecond) => client.dlq.restart("1-0", { flowControl: { key: "k", ratePerSecond } }), "`flowControl.rate`", ["1", -1, NaN]],
  [(parallelism) => client.dlq.restart("1-0", { flowControl: { key: "k", parallelism } }), "`flowControl.parallelism`", [null, "1", -1, NaN, 2 ** 32]],
  [(flowControl) => client.dlq.restart("1-0", { flowControl: { key: "k", ...flowControl } }), "flowControl", [{ rate: 0 }, { parallelism: 0 }, { period: 5 }, { rate: 1, ratePerSecond: 1 }]],
  [(period) => client.dlq.restart("1-0", { flowControl: { key: "k", rate: 1, period } }), "flowControl.period", [-1, NaN, "", "1"]],
  [(signal) => client.dlq.get("1-0", { signal }), "`signal`", [null, 7, {}]],
  [(request) => client.dlq.resume(request), "`request`", [undefined, null, 7]],
  [(currentSigningKey) => new Receiver({ ...KEYS, currentSigningKey }), "`currentSigningKey`", [null, 7, "", "a b", "a\n"]],
  [(nextSigningKey) => new Receiver({ ...KEYS, nextSigningKey }), "nextSigningKey`", [undefined, null, 7, "", "a b", "é"]],
  [(config) => new Receiver(config), "`config`", [null, 7, "a", []]],
  [(devMode) => new Receiver({ ...KEYS, devMode }), "`devMode`", [true, null, "yes"]],
  [(request) => receiver.verify(request), "`request`", [undefined, null, 7, "a", []]],
  [(upstashRegion) => receiver.verify({ signature: "a.b.c", body: "", upstashRegion }), "`upstashRegion`", [null, 7, {}]],
  [(signature) => receiver.verify({ signature, body: "" }), "`signature`", [undefined, null, 7, {}]],
  [(body) => receiver.verify({ signature: "a.b.c", body }), "`body`", [undefined, null, 7, {}, []]],
  [(url) => receiver.verify({ signature: "a.b.c", body: "", url }), "`url`", [null, 7, "", "app.example"]],
  [(clockTolerance) => receiver.verify({ signature: "a.b.c", body: "", clockTolerance }), "`clockTolerance`", [null, "5", -1, NaN, Infinity]],
  [(body) => parseFailureCallback(body), "`body`", [undefined, null, 7, {}]],
  [(context) => parseFailureCallback(BODY, context), "`context`", [null, 7, "a", []]],
  [(headers) => parseFailureCallback(BODY, { headers }), "`headers`", [null, 7, "a: b", [["a", "b"]], { "Upstash-Retried": "1\0Upstash-Label\0a" }]],
  [(now) => parseFailureCallback(BODY, { now }), "`now`", [null, "now", -1, NaN, Infinity, new Date(NaN)]],
  [(now) => decide({ url: URL, body: BODY, now }), "`now`", [null, "now", -1, NaN, Infinity, new Date(NaN)]],
  [(url) => decide({ url, body: BODY }), "`url`", [undefined, null, 7, ""]],
  [(request) => decide(request), "`request`", [undefined, null, 7, "a", []]],
  [(headers) => decide({ url: URL, body: BODY, headers }), "`headers`", [null, 7, "a: b"]],
  [(body) => decide({ url: URL, body }), "`body`", [undefined, null, 7, {}]],
  [(policy) => decide({ url: URL, body: BODY, policy }), "`policy`", [null, 7, { max_attempts: 1n }]],
  [(settings) => createHandler(settings), "`settings`", [undefined, null, 7, []]],
  [(token) => createHandler({ ...SETTINGS, token }), "`token`", [undefined, null, 7, "", "a b", "a\r\nb"]],
  [(nextSigningKey) => createHandler({ ...SETTINGS, nextSigningKey }), "`nextSigningKey`", [undefined, null, 7, "", "a b"]],
  [(baseUrl) => createHandler({ ...SETTINGS, baseUrl }), "`baseUrl`", [null, 7, "", "qstash", "http://qstash.example"]],
  [(publicUrl) => createHandler({ ...SETTINGS, publicUrl }), "`publicUrl`", [null, 7, "", "app", "https://a.example/?b"]],
  [(publicUrl) => createHandler({ ...SETTINGS, publicUrl }), "`settings`", ["https://a.example/\0POLICY\0{}"]],
  [(policy) => createHandler({ ...SETTINGS, policy }), "`policy`", [null, 7, "[]", { max_attempts: -1 }, { rules: [{}] }]],
  [(clockTolerance) => createHandler({ ...SETTINGS, clockTolerance }), "`clockTolerance`", [null, "5s", -1, NaN, 301]],
  [(timeout) => createHandler({ ...SETTINGS, timeout }), "`timeout`", [null, "5s", 0, NaN, 1.5]],
  [(maxBodyBytes) => createHandler({ ...SETTINGS, maxBodyBytes }), "`maxBodyBytes`", [null, "1", 0, NaN, 1.5, Infinity]],
  [(currentSigningKey) => createHandler({ ...SETTINGS, currentSigningKey }), "`currentSigningKey`", [undefined, null, 7, "", "a b", "a\n"]],
  [(fetch) => createHandler({ ...SETTINGS, fetch }), "`fetch`", [null, 7, "fetch"]],
  [(request) => createHandler(SETTINGS)(request), "`request`", [undefined, null, 7, "a", {}, { method: "POST", url: URL }]],
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
      assert.match(error.message, /must|accepted|did you mean/);
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
  [() => client.dlq.resume({ filters: { label: "a" } }), "`filter`"],
  [() => client.dlq.resume({ dlqId: "1-0", flowcontrol: {} }), "`flowControl`"],
  [() => client.dlq.delete({ dlqids: ["1-0"] }), "`dlqIds`"],
  [() => client.dlq.delete({ filter: { statusCode: 5 } }), "accepted are workflowUrl"],
  [() => client.dlq.list({ filter: { responsestatus: 5 } }), "`responseStatus`"],
  [() => client.dlq.listAll({ fliter: {} }), "`filter`"],
  [() => client.dlq.get("1-0", { singal: undefined }), "`signal`"],
  [() => client.dlq.retryFailureFunction({ dlqID: "1-0" }), "`dlqId`"],
  [() => client.dlq.deleteAll({ al: true }), "`all`"],
  [() => client.dlq.restartAll({ all: true }, { limits: 5 }), "`limit`"],
  [() => new Client({ token: "t", retry: { attempt: 1 } }), "`attempts`"],
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
