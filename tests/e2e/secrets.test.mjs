/**
 * Promise P6 in real workerd: every secret is a text that nothing else looks like; everything that the Worker can be asked is
 * asked, and goes wrong in every way; then all that came out is searched for them, in every form.
 *
 * What is read: what was printed (stdout and stderr of workerd), answers with their headers to QStash, to operators and to
 * strangers, requests that reached the API, the webhook, the chat and the failure function, data points, metrics, and the files
 * of the Durable Objects. Each secret is left out where it belongs, and only there.
 */
import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { callbackBody, failureCallback } from "../support/callback.mjs";
import { canary, found, searchFor } from "../support/canaries.mjs";
import { crashing } from "../support/crash.mjs";
import { freePort, poll, startRecorder } from "../support/net.mjs";
import { startRedrive } from "../support/redrive.mjs";
import { signToken, unixNow } from "../support/sign.mjs";
import { startFor } from "./harness.mjs";

const named = (names) => Object.fromEntries(names.map((name) => [name, canary(name)]));

/** What the deployment is told. */
const settings = named([
  "token", "currentKey", "nextKey", "usToken", "usCurrentKey", "usNextKey", "adminToken", "webhookSecret", "slackPath", "webhookQuery", "relayQuery",
]);

/** What comes with callbacks and entries of the queue. */
const failure = named([
  "payload", "forwardedAuthorization", "forwardedCookie", "forwardedHeader", "sourceHeader", "responseHeader", "responseStack", "message", "unknownField",
  "workflowPassword", "workflowQuery",
]);

/** Signatures of callbacks: for some minutes they are as good as keys. */
const signatures = {};

const SECRETS = {
  QSTASH_TOKEN: settings.token,
  QSTASH_CURRENT_SIGNING_KEY: settings.currentKey,
  QSTASH_NEXT_SIGNING_KEY: settings.nextKey,
  US_EAST_1_QSTASH_TOKEN: settings.usToken,
  US_EAST_1_QSTASH_CURRENT_SIGNING_KEY: settings.usCurrentKey,
  US_EAST_1_QSTASH_NEXT_SIGNING_KEY: settings.usNextKey,
  ADMIN_TOKEN: settings.adminToken,
  NOTIFY_SECRET: `whsec_${Buffer.from(settings.webhookSecret).toString("base64")}`,
};
const WORKFLOW = "shop.example/order";
/** Labels with all that there is to put into them. */
const GENEROUS = ["{target}-{label}", "{step}-{region}-{class}", "{fingerprint}-{attempt}-{root_run}"];

const api = { answer: () => undefined };
const outputs = [];
let redrive;
let folder;
let stops = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "secrets-"));
  for (const [name, answer] of Object.entries({
    api: (request) => api.answer(request) ?? goodAnswer(request),
    webhook: () => ({ status: webhookStatus }),
    chat: () => ({ status: webhookStatus }),
    relay: () => ({ status: relayStatus }),
  })) {
    recorders[name] = await startRecorder(answer);
    stops.push(recorders[name].stop);
  }
  const relayTo = `${recorders.relay.url}/failed?key=${settings.relayQuery}`;
  const rule = (name, action, more) => ({ name, action, when: { label: name }, ...more });
  redrive = await startRedrive({
    ledger: folder,
    analytics: "kept",
    isPublic: true,
    secrets: SECRETS,
    vars: {
      QSTASH_URL: recorders.api.url,
      US_EAST_1_QSTASH_URL: recorders.api.url,
      API_TIMEOUT: "700ms",
      MAX_BODY_BYTES: "3000000",
      NOTIFY_SLACK_URL: `${recorders.chat.url}/services/${settings.slackPath}`,
      NOTIFY_URL: `${recorders.webhook.url}/hook?key=${settings.webhookQuery}`,
      NOTIFY_ON: "breaker_closed,breaker_opened,first_failure,gave_up,recovered",
      NOTIFY_WINDOW: "1s",
      SWEEP: "all",
      SWEEP_AFTER: "1s",
      POLICY: {
        settle: "0s",
        backoff: { base: "0s", cap: "0s" },
        breaker: { minimum: 100 },
        overrides: { label: GENEROUS, flow_control: { key: "{target}" } },
        relay_targets: [relayTo],
        rules: [
          rule("relay", "relay", { relay_to: relayTo }),
          rule("restart", "restart", { target: "{target} {label} {step}" }),
          rule("delete", "delete"),
          rule("defer", "defer"),
          rule("park", "park"),
          rule("never", "park", { when: { label: "never", regex: "no such words" } }),
        ],
      },
    },
  });
  stops.push(redrive.stop);
});
after(async () => {
  for (const stop of stops) await stop();
  await rm(folder, { recursive: true, force: true });
});

const recorders = {};
let webhookStatus = 200;
let relayStatus = 200;
let runs = 0;

/** An entry of the queue with all that one has. */
function entry(dlqId) {
  const { url, sourceBody: body, header, sourceHeader } = callbackBody(loaded());
  return {
    dlqId, url, workflowUrl: url, body, header: sourceHeader, responseHeader: header, workflowRunId: `wfr_${dlqId}`, responseStatus: 503,
    responseBody: JSON.stringify({ error: "Error", message: failure.message, stack: failure.responseStack }),
    failureCallback: `${redrive.url}/`, failureFunctionState: "CALLBACK_FAIL", callerIP: "192.0.2.7",
  };
}

/** What the API answers unless told otherwise: it repeats the token where nobody reads. */
function goodAnswer({ method, path, headers }) {
  const [at] = path.split("?");
  const echo = headers.authorization;
  const created = () => ({ workflowRunId: `wfr_new${(runs += 1)}`, workflowCreatedAt: Date.now(), echo });
  const told = (json) => ({ body: JSON.stringify(json), headers: { "Content-Type": "application/json", "Set-Cookie": echo, "X-Echo": echo } });
  if (at === "/v2/workflows/logs") return told({ runs: [{ ...entry("1-1"), workflowRunId: "wfr_new1", workflowState: "RUN_SUCCESS" }] });
  if (method === "GET" && at.endsWith("/dlq")) return told({ messages: ["1-1", "1-2", "1-3"].map(entry) });
  if (method === "GET") return told(entry(at.split("/").at(-1)));
  if (method === "DELETE") return told({ deleted: 1 });
  return told(/\/(resume|restart)$/.test(at) ? { workflowRuns: [created(), created(), created()], echo } : created());
}

/** The secrets of a callback, in every part of it. */
const loaded = () => ({
  url: `https://user:${failure.workflowPassword}@${WORKFLOW}?key=${failure.workflowQuery}`,
  payload: failure.payload,
  response: { error: "Error", message: failure.message, stack: failure.responseStack },
  responseHeaders: { "Set-Cookie": [failure.responseHeader], "X-Secret": [failure.responseHeader] },
  fields: { sourceHeader: { Authorization: [failure.sourceHeader], Cookie: [failure.sourceHeader] }, extra: failure.unknownField },
  headers: { Authorization: `Bearer ${failure.forwardedAuthorization}`, Cookie: failure.forwardedCookie, "X-Tenant": failure.forwardedHeader },
});

/** Keeps what came out, with the secrets that may be in it. */
function keep(where, content, allowed = {}) {
  outputs.push({ where, content: typeof content === "string" ? content : JSON.stringify(content), allowed });
}

let entries = 0;

/** A callback about another entry each time, and its answer. */
async function deliver({ path = "/", key = settings.currentKey, sign, sent, body, label, runId, chunked, ...options } = {}) {
  entries += 1;
  const { headers, ...rest } = options;
  const common = loaded();
  const callback = failureCallback({ ...common, dlqId: `7-${entries}`, runId: runId ?? `wfr_7${entries}`, status: 503, label, ...rest, headers: { ...common.headers, ...headers } });
  body ??= callback.body;
  const signature = signToken({ key, url: redrive.url + path, body, ...sign });
  signatures[`signature${entries}`] = signature.split(".")[2];
  if (chunked) sent = body.match(/.{1,65536}/gs).map((chunk) => Buffer.from(chunk));
  const answer = await redrive.send(path, { method: "POST", headers: { ...callback.headers, "Upstash-Signature": signature }, body: sent ?? body });
  keep(`the answer to QStash, ${answer.status}`, answer);
  return answer;
}

async function operate(method, path, { body, headers, allowed, token = settings.adminToken } = {}) {
  const answer = await redrive.send(path, { method, headers: { Authorization: `Bearer ${token}`, ...headers }, body });
  keep(`the answer to an operator, ${method} ${path.split("?")[0]} ${answer.status}`, answer, allowed);
  return answer;
}

const outcome = (answer) => (answer.status === 200 ? JSON.parse(answer.text).outcome : String(answer.status));

test("callbacks of every outcome", async () => {
  for (const [expected, options] of [
    ["resumed", {}],
    ["resumed", { key: settings.nextKey, status: 500 }],
    ["resumed", { key: settings.usCurrentKey, headers: { "Upstash-Region": "US-EAST-1" } }],
    ["resumed", { dlqId: null, runId: "wfr_1-2" }],
    ["resumed", { path: `/?team=a&redrive=1.${Date.now()}.wfr_root` }],
    ["restarted", { label: "restart" }],
    ["deleted", { label: "delete" }],
    ["deferred", { label: "defer" }],
    ["parked", { label: "park" }],
    ["parked", { status: 489 }],
    ["parked", { label: "relay" }],
    ["parked", { path: `/?redrive=9.${Date.now()}.wfr_root` }],
    ["401", { key: settings.token }],
    ["401", { sign: { now: unixNow() - 1000 } }],
    ["401", { sent: JSON.stringify({ altered: failure.payload }) }],
    ["413", { fields: { extra: failure.unknownField.padEnd(3_000_000, "x") }, chunked: true }],
    ["489", { body: failure.payload }],
    ["489", { body: `{"${failure.payload}":` }],
    ["489", { dlqId: `${failure.payload} with blanks` }],
    ["489", { fields: { status: failure.payload } }],
    ["489", { path: `/?redrive=${failure.payload}` }],
    ["resumed", { payload: failure.payload.repeat(40_000) }],
  ]) {
    const answer = await deliver(options);
    assert.equal(outcome(answer), expected, `${JSON.stringify(options).slice(0, 200)}: ${answer.text}`);
  }
  entries -= 1;
  assert.equal(JSON.parse((await deliver()).text).duplicate, true);
});

test("callbacks that meet an API, or a failure function, in every bad state", async () => {
  const words = ({ headers }) => `no: ${headers.authorization}, sorry`;
  for (const [expected, answer] of [
    ["parked", (request) => ({ status: 400, body: words(request) })],
    ["500", (request) => ({ status: 401, body: JSON.stringify({ error: words(request) }) })],
    ["500", (request) => ({ status: 403, body: words(request).replace(/[0-9a-f]{3},/, "\\u0030%30&#48;") })],
    ["gone", () => ({ status: 404 })],
    ["503", (request) => ({ status: 429, headers: { "Retry-After": settings.token, "RateLimit-Reset": settings.token }, body: words(request) })],
    ["503", (request) => ({ status: 500, body: `${"x".repeat(500)}${words(request)}` })],
    ["503", (request) => ({ status: 200, body: words(request) })],
    ["503", (request) => ({ status: 200, body: JSON.stringify({ workflowRunId: words(request) }) })],
    ["503", (request) => ({ status: 302, headers: { Location: `${recorders.relay.url}/stolen?${request.headers.authorization.slice(7)}` }, body: words(request) })],
    ["503", () => new Promise((resolve) => setTimeout(() => resolve({}), 1000))],
  ]) {
    api.answer = (request) => (request.method === "POST" ? answer(request) : undefined);
    assert.equal(outcome(await deliver()), expected);
  }
  api.answer = () => undefined;
  relayStatus = 500;
  assert.equal(outcome(await deliver({ label: "relay" })), "503");
  relayStatus = 200;
  webhookStatus = 500;
  for (let n = 0; n < 3; n += 1) await deliver({ label: "park" });
  await poll(() => recorders.webhook.requests.some(({ body }) => body.includes('"gave_up"')), { what: "a notice that is refused" });
  webhookStatus = 200;
});

test("operators, in every way that they can ask", async () => {
  const queue = { allowed: failure };
  const resumes = "/v2/workflows/dlq/resume";
  for (const [method, path, more] of [
    ["GET", "/v2/dlq", queue],
    ["GET", "/v2/workflows/dlq", queue],
    ["GET", "/v2/workflows/dlq/1-1", queue],
    ["GET", "/v2/workflows/logs", queue],
    ["POST", `${resumes}?dlqIds=1-1&dlqIds=1-2`, { allowed: { token: settings.token } }],
    ["POST", `${resumes}/1-1`, { allowed: { token: settings.token } }],
    ["POST", `${resumes}?label=${failure.payload}%20x`],
    ["POST", `${resumes}?all=${failure.payload}`],
    ["POST", `${resumes}/%zz${failure.payload}`],
    ["DELETE", "/v2/workflows/dlq?all=true"],
    ["GET", "/v2/keys"],
    ["GET", "/v1/recoveries"],
    ["GET", "/v1/recoveries/wfr_72"],
    ["GET", "/v1/recoveries/wfr_none"],
    ["GET", "/v1/targets"],
    ["GET", `/v1/targets/${encodeURIComponent(`https://${WORKFLOW}`)}`],
    ["GET", "/v1/jobs"],
    ["GET", "/v1/jobs/none"],
    ["GET", "/v1/sweep"],
    ["GET", "/v1/nothing"],
  ]) {
    await operate(method, path, more);
  }
  const metrics = await operate("GET", "/metrics");
  assert.match(metrics.text, /outcomes_total\{outcome="parked",reason="relayed"\} 1/);
  const callback = JSON.parse(failureCallback({ ...loaded(), label: "never" }).body);
  const shown = { message: failure.message, workflowPassword: failure.workflowPassword, workflowQuery: failure.workflowQuery };
  for (const body of [{ callback }, { callback: { ...callback, label: "relay" }, headers: { "Upstash-Label": "relay" } }, { callback: failure.payload }, { policy: failure.payload }, "no JSON"]) {
    await operate("POST", "/v1/decide", { body: JSON.stringify(body), allowed: shown });
  }
  for (const status of [302, 400, 401, 403, 404, 429, 500]) {
    api.answer = ({ headers }) => ({ status, headers: { Location: headers.authorization, "X-Echo": headers.authorization }, body: `no: ${headers.authorization}` });
    await operate("GET", "/v2/dlq");
    await operate("POST", `${resumes}?all=true`);
  }
  api.answer = () => undefined;
});

test("sweeps, jobs and targets that are held back", async () => {
  assert.match((await operate("POST", "/v1/sweep")).text, /"listed":3/);
  api.answer = ({ headers }) => ({ status: 500, body: `no: ${headers.authorization}` });
  await operate("POST", "/v1/sweep?dry_run=true");
  await redrive.sweep();
  const order = (id, more) => ({ body: JSON.stringify({ id, action: "resume", all: true, ...more }) });
  await operate("POST", "/v1/jobs", order("broken"));
  await poll(() => recorders.api.requests.filter(({ path }) => path.includes("count=100")).length >= 4, { what: "a job that meets errors" });
  await keepDisk("while a job waits for its API");
  await operate("POST", "/v1/jobs/broken/cancel");
  api.answer = ({ method, headers }) => (method === "POST" ? { status: 400, body: `no: ${headers.authorization}` } : undefined);
  await operate("POST", "/v1/jobs", order("refused"));
  await until("/v1/jobs/refused", /"refused":3/);
  api.answer = ({ method }) => (method === "GET" ? { body: JSON.stringify({ messages: [entry("1-1")] }).slice(0, -2) } : undefined);
  await operate("POST", "/v1/jobs", order("unreadable"));
  await poll(() => recorders.api.requests.at(-1).path.includes("count=100"), { what: "a job that meets a page which cannot be read" });
  await keepDisk("while a job cannot read a page");
  api.answer = () => undefined;
  await operate("POST", "/v1/jobs", order("good"));
  await until("/v1/jobs/good", /"state":"done"/);
  await operate("POST", "/v1/jobs", order("good"));
  await operate("POST", "/v1/jobs", { body: JSON.stringify({ [failure.payload]: 1 }), allowed: { payload: failure.payload } });

  const target = `/v1/targets/${encodeURIComponent(`https://${WORKFLOW}`)}`;
  assert.equal((await operate("POST", `${target}/pause`)).status, 200);
  assert.equal(outcome(await deliver({ runId: "wfr_held" })), "deferred");
  await keepDisk("while a run is held back");
  await operate("POST", `${target}/resume`);
  await until("/v1/recoveries/wfr_held", /"outcome":"resumed"/);
});

test("strangers, wherever they knock", async () => {
  for (const path of ["/", "/healthz", "/nope", "/metrics", "/v1/recoveries", "/v1/decide", "/v1/jobs", "/v1/sweep", "/v1/targets", "/v2/dlq", "/v2/workflows/dlq/resume"]) {
    for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"]) {
      for (const headers of [{}, { Authorization: `Bearer ${settings.token}` }, { Origin: "https://evil.example", "Access-Control-Request-Method": "GET" }]) {
        keep(`the answer to a stranger, ${method} ${path}`, await redrive.send(path, { method, headers }));
      }
    }
  }
});

for (const [what, change, ledger] of [
  ["a token where an address belongs", { QSTASH_URL: settings.token }, true],
  ["a password in an address", { QSTASH_URL: `https://operator:${settings.token}@qstash.example` }, true],
  ["an address where a list belongs", { NOTIFY_ON: `https://hooks.example/${settings.slackPath}` }, true],
  ["a key where the policy belongs", { POLICY: settings.currentKey }, true],
  ["a key as the name of a rule's condition", { POLICY: { rules: [{ name: "a", action: "park", when: { [settings.nextKey]: 1 } }] } }, true],
  ["a secret that is no base64", { NOTIFY_URL: "https://hooks.example/", NOTIFY_SECRET: `${settings.webhookSecret}!` }, true],
  ["a token with a blank", { ADMIN_TOKEN: `${settings.adminToken} ` }, true],
  ["a chat without a ledger", { NOTIFY_SLACK_URL: `https://hooks.example/${settings.slackPath}` }, false],
]) {
  test(`a deployment that is told ${what}`, async (t) => {
    const { NOTIFY_SECRET, ...secrets } = SECRETS;
    const wrong = await startFor(t, { ledger, secrets, vars: { QSTASH_URL: recorders.api.url, ...change } });
    for (const [method, path] of [["POST", "/"], ["GET", "/healthz"], ["GET", "/v2/dlq"], ["POST", "/v1/jobs"], ["GET", "/metrics"], ["POST", "/v1/sweep"]]) {
      const answer = await wrong.send(path, { method, headers: { Authorization: `Bearer ${settings.adminToken}` } });
      assert.equal(answer.status, 500, `${path}: ${answer.text}`);
      keep(`the answer to a stranger, ${what}, ${method} ${path}`, answer);
    }
    await poll(() => wrong.printed().length > 0, { what: "a line" });
    keep(`what was printed, ${what}`, wrong.printed());
  });
}

test("a Worker whose code crashes on a callback", async (t) => {
  const crashes = await startFor(t, { front: crashing, ledger: true, secrets: SECRETS, vars: { QSTASH_URL: recorders.api.url } });
  const { headers, body } = failureCallback(loaded());
  const signature = signToken({ key: settings.currentKey, url: `${crashes.url}/`, body });
  signatures.crash = signature.split(".")[2];
  for (const crash of ["url", "body", "stack", "exception"]) {
    const answer = await crashes.send("/", { method: "POST", headers: { ...headers, crash, "Upstash-Signature": signature }, body });
    assert.equal(answer.status, 500, answer.text);
    keep(`the answer to QStash, a crash at ${crash}`, answer);
  }
  await poll(() => crashes.printed().filter(({ message }) => message.includes('"crash"')).length >= 4, { what: "a line for each crash" });
  keep("what was printed, crashes", crashes.printed());
});

test("in all that came out no secret is where it does not belong", async (t) => {
  const told = (recorder) => recorder.requests.map(({ body }) => body).join();
  await poll(() => /"gave_up"/.test(told(recorders.webhook)) && /left for a person/.test(told(recorders.chat)), { what: "the notices" });
  keep("data points", await redrive.send("/data-points"));
  await redrive.logs();
  await redrive.kill();
  await keepDisk("at the end");
  keep("what was printed", redrive.printed());
  const { authorized, others } = apiRequests();
  keep("requests of the API", others);
  for (const { path, ...request } of recorders.webhook.requests) {
    assert.equal(path, `/hook?key=${settings.webhookQuery}`);
    keep("a notice for the webhook", request);
  }
  for (const { path, ...request } of recorders.chat.requests) {
    assert.equal(path, `/services/${settings.slackPath}`);
    keep("a notice for the chat", request);
  }
  for (const { path, ...request } of recorders.relay.requests) {
    assert.equal(path, `/failed?key=${settings.relayQuery}`, "redirects are not followed");
    keep("a callback that was handed on", request, { ...failure, ...signatures });
  }

  const all = { ...settings, ...failure, ...signatures };
  const leaks = new Set();
  const search = searchFor(all);
  for (const { where, content, allowed } of outputs) {
    for (const [name, form] of search(content)) if (!(name in allowed)) leaks.add(`${where}: ${name}, ${form}`);
  }
  assert.deepEqual([...leaks], []);

  // Everything was really read, and secrets were where they belong.
  const content = (wanted) => outputs.filter(({ where }) => where.includes(wanted)).map(({ content }) => content).join("\n");
  assert.deepEqual(authorized, new Set([`Bearer ${settings.token}`, `Bearer ${settings.usToken}`]));
  assert.ok(found(content("callback that was handed on"), failure), "payload and headers are handed on");
  assert.ok(found(content("GET /v2/dlq 200"), failure), "operators see entries");
  for (const [where, known] of [
    ["what was printed", "wfr_72"], ["disk", "wfr_72"], ["data points", WORKFLOW], ["for the webhook", "gave_up"], ["for the chat", "left for a person"],
    ["/metrics 200", "outcomes_total"], ["/v1/decide 200", "rules"], ["requests of the API", "upstash-failure-callback"], ["to QStash, 489", "invalid_field"],
  ]) {
    assert.ok(content(where).includes(known), `${where} has ${known}`);
  }
  t.diagnostic(`${outputs.length} outputs, ${outputs.reduce((sum, { content }) => sum + content.length, 0)} bytes, ${Object.keys(all).length} secrets`);
});

/** Requests of the API without the one header that the token belongs in. */
function apiRequests() {
  const authorized = new Set();
  const others = recorders.api.requests.map(({ headers: { authorization, ...headers }, ...request }) => {
    authorized.add(authorization);
    return { ...request, headers };
  });
  return { authorized, others };
}

/** Keeps every file of the Durable Objects. */
async function keepDisk(when) {
  let files = 0;
  for (const file of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!file.isFile()) continue;
    files += 1;
    keep(`disk ${when}, ${file.name}`, (await readFile(join(file.parentPath, file.name))).toString("latin1"));
  }
  assert.ok(files > 0, "there are files");
}

/** Asks until the answer is as expected. */
async function until(path, expected) {
  let answer;
  const check = async () => expected.test((answer = await operate("GET", path)).text);
  await poll(check, { what: `${expected} at ${path}`, timeout: 20_000, explain: () => answer.text });
}
