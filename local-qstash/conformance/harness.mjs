/**
 * What the conformance files share: one server per file, a fresh application per test, and questions asked through the official
 * client. The server is judged by the unmodified SDK and by plain HTTP, never by its own code.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import { Client } from "@upstash/workflow";
import { startLocalQstash } from "../../tests/support/local-qstash.mjs";
import { poll } from "../../tests/support/net.mjs";
import { startWorkflowApp } from "../../tests/support/workflow-app.mjs";

export { listen, poll, startRecorder } from "../../tests/support/net.mjs";

/** What the SDK prints for failures that these tests cause on purpose; everything else still reaches the terminal. */
const SDK_CHATTER = /^\s*(\[Upstash Workflow\]|\[Upstash QStash\]|Workflow Warning:)/;

/** Deadline for things that take a few hundred milliseconds on a quiet machine. */
const DEADLINE_MS = 10_000;

/**
 * One server for the file, emptied before every test.
 *
 * @param {import("../../tests/support/local-qstash.mjs").StartOptions} [options]
 * @returns {import("../../tests/support/local-qstash.mjs").LocalQstash} filled in before the first test runs
 */
export function useLocalQstash(options) {
  muteSdkChatter();
  const qstash = {};
  before(async () => Object.assign(qstash, await startLocalQstash(options)));
  beforeEach(() => qstash.reset());
  after(() => qstash.stop?.());
  return qstash;
}

/**
 * An application for one test. When the test ends it is stopped and every delivery must have carried a signature that the
 * official receiver accepts for the exact URL.
 */
export async function host(t, qstash, { routes, invokable, ...options }) {
  const app = await startWorkflowApp({ routes, invokable, qstash, ...options });
  t.after(async () => {
    await app.stop();
    for (const delivery of app.deliveries) {
      assert.equal(delivery.signature, "valid", `${delivery.method} ${delivery.path}`);
    }
  });
  return app;
}

/** The official workflow client, pointed at the server. */
export function clientOf(qstash) {
  return new Client({ baseUrl: qstash.url, token: qstash.token, retry: false });
}

/** Waits until the run is in the state and returns its log entry. */
export async function runReaches(qstash, workflowRunId, state) {
  const client = clientOf(qstash);
  let seen;
  return poll(
    async () => {
      const { runs } = await client.logs({ filter: { workflowRunId } });
      seen = runs[0];
      return seen?.workflowState === state && seen;
    },
    {
      timeout: DEADLINE_MS,
      what: `${workflowRunId} to reach ${state}`,
      explain: () => JSON.stringify(seen, undefined, 2) ?? "the run is not in the logs",
    },
  );
}

/** Waits until the run succeeded and returns what its route function returned. */
export async function runSucceeds(qstash, workflowRunId) {
  const run = await runReaches(qstash, workflowRunId, "RUN_SUCCESS");
  return run.workflowRunResponse === undefined ? undefined : JSON.parse(run.workflowRunResponse);
}

/** Waits until the run is in the dead letter queue and returns its entry. */
export async function failedEntry(qstash, workflowRunId) {
  const client = clientOf(qstash);
  return poll(
    async () => {
      const { messages } = await client.dlq.list({ filter: { workflowRunId } });
      assert.ok(messages.length <= 1, `one entry per failed run, got ${messages.length}`);
      return messages[0];
    },
    { timeout: DEADLINE_MS, what: `a dead letter queue entry of ${workflowRunId}` },
  );
}

/** Waits until the failure callback of an entry is in the state and returns the entry. */
export async function callbackReaches(qstash, dlqId, state) {
  const client = clientOf(qstash);
  let seen;
  return poll(
    async () => {
      const { messages } = await client.dlq.list();
      seen = messages.find((message) => message.dlqId === dlqId);
      return callbackState(seen) === state && seen;
    },
    { timeout: DEADLINE_MS, what: `the callback of ${dlqId} to be ${state}`, explain: () => JSON.stringify(seen) },
  );
}

/** How long the server decided to wait before each retry of the run, in milliseconds before scaling. */
export async function retryWaits(qstash, workflowRunId) {
  const events = await qstash.timeline();
  const retries = events.filter(({ kind, runId }) => kind === "retry_scheduled" && runId === workflowRunId);
  return retries.map(({ inMs }) => inMs);
}

/** The callback state of an entry under either of its names. */
export function callbackState(entry) {
  return entry?.failureCallbackInfo?.state ?? entry?.failureFunctionState;
}

/** Counts how often each step body ran, and lets single steps fail on demand. */
export function stepCounter() {
  const runs = {};
  const broken = new Map();
  return {
    /** Executions per step name. */
    runs,
    /** Makes the step throw until `mend`. */
    break: (name, error = new Error(`${name} is broken`)) => broken.set(name, error),
    mend: (name) => broken.delete(name),
    /** A step body that counts, throws while broken and otherwise returns the value. */
    step: (name, value) => () => {
      runs[name] = (runs[name] ?? 0) + 1;
      if (broken.has(name)) throw broken.get(name);
      return value;
    },
  };
}

/** Base64 to UTF-8 text. */
export function decode(base64) {
  return Buffer.from(base64, "base64").toString("utf8");
}

/** The raw step list of a delivery as parsed JSON: `[{ messageId, body, callType }]`. */
export function rawSteps(delivery) {
  return JSON.parse(delivery.body);
}

/** Asserts an HTTP error with the documented JSON shape and returns its text. */
export async function assertError(response, status, pattern = /./) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  const { error } = JSON.parse(text);
  assert.match(error, pattern);
  return error;
}

/** Asserts that the official client threw a QStash error with the status. */
export async function assertRejected(promise, status, pattern = /./) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.status, status, String(error));
    assert.match(error.message, pattern);
    return true;
  });
}

function muteSdkChatter() {
  for (const method of ["error", "warn"]) {
    const print = console[method].bind(console);
    console[method] = (...values) => {
      if (!SDK_CHATTER.test(String(values[0]))) print(...values);
    };
  }
}
