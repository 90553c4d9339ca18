/**
 * What the end-to-end files share: the built Worker in workerd, a QStash for it, and callbacks signed by an independent signer.
 * Everything is judged from outside: status, headers and body of the answer, what reached the DLQ API, and the log lines.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach } from "node:test";
import { failureCallback } from "../support/callback.mjs";
import { DEV_CREDENTIALS, startLocalQstash } from "../support/local-qstash.mjs";
import { startRecorder } from "../support/net.mjs";
import { startRedrive } from "../support/redrive.mjs";
import { signToken } from "../support/sign.mjs";

/** What the SDK prints for failures that these tests cause on purpose; everything else still reaches the terminal. */
const SDK_CHATTER = /^\s*(\[Upstash Workflow\]|\[Upstash QStash\]|Workflow Warning:)/;

/** No jitter, so that the delay is the settle time alone. */
export const NO_BACKOFF = Object.freeze({ base: "0s", cap: "0s" });

/**
 * @typedef {object} World
 * @property {import("../support/local-qstash.mjs").LocalQstash} qstash
 * @property {import("../support/redrive.mjs").Redrive} redrive
 * @property {(options?: DeliverOptions) => Promise<import("../support/redrive.mjs").Answer>} deliver Sends a signed callback.
 * @property {(options?: DeliverOptions) => Promise<import("../support/redrive.mjs").Answer>} deliverPlanted The same, about an entry that it
 *   plants first.
 * @property {() => Promise<string[]>} calls What reached the DLQ API: `POST /v2/workflows/dlq/resume/1-0`.
 * @property {() => Promise<void>} stop
 */

/**
 * A callback (see `CallbackOptions`) and how it is signed and sent.
 * @typedef {import("../support/callback.mjs").CallbackOptions & {
 *   path?: string,
 *   sign?: object,
 *   signature?: string | null,
 *   body?: string | Uint8Array,
 *   sent?: string | Uint8Array | Iterable<Uint8Array>,
 * }} DeliverOptions
 *   `path`: path and query, default "/". `sign`: options of `signToken`. `signature`: the header instead, `null` for none.
 *   `body`: the body instead of the callback's. `sent`: what is sent instead of the body that was signed.
 */

/**
 * One Worker and one QStash for the file; the QStash is emptied before every test.
 *
 * @param {{ policy?: object, vars?: object, secrets?: object, ledger?: boolean | string, isPublic?: boolean, qstash?: object }} [options] `policy` and `vars`
 *   as in `wrangler.toml`; `ledger`, `isPublic`: as for `startRedrive`; `qstash`: options of `startLocalQstash`.
 * @returns {World} filled in before the first test runs
 */
export function useWorld(options) {
  const world = {};
  before(async () => Object.assign(world, await startWorld(options)));
  beforeEach(async () => {
    await world.qstash.reset();
    await world.redrive.logs();
  });
  after(() => world.stop?.());
  return world;
}

/** @returns {Promise<World>} */
export async function startWorld({ policy, vars, secrets, ledger, isPublic, qstash: qstashOptions } = {}) {
  muteSdkChatter();
  // In real time a resumed run waits for at least the settle time, so that it cannot fail and call back into a later test.
  const qstash = await startLocalQstash({ timeScale: 1, ...qstashOptions });
  const redrive = await startRedrive({ secrets, ledger, isPublic, vars: { QSTASH_URL: qstash.url, POLICY: policy ?? {}, ...vars } });
  const deliver = (options) => deliverTo(redrive, options);
  return {
    qstash,
    redrive,
    deliver,
    deliverPlanted: async (options) => {
      const { dlqId, workflowRunId: runId } = await qstash.plant();
      return deliver({ dlqId, runId, ...options });
    },
    calls: async () => (await qstash.requests()).map(({ method, path }) => `${method} ${path}`),
    stop: async () => {
      await redrive.stop();
      await qstash.stop();
    },
  };
}

/**
 * One Worker for the file with a stand-in for the DLQ API, for answers that no QStash gives.
 *
 * @param {{ secrets?: object, vars?: object }} [options]
 * @returns {{
 *   answer: (request: import("../support/net.mjs").SeenRequest) => import("../support/net.mjs").Answer | Promise<object>,
 *   requests: import("../support/net.mjs").SeenRequest[],
 *   waitFor: (count: number) => Promise<object[]>,
 *   redrive: import("../support/redrive.mjs").Redrive,
 *   deliver: (options?: DeliverOptions) => Promise<import("../support/redrive.mjs").Answer>,
 * }} `answer` is for the test to set; `requests` are those of the test; `deliver` is about another entry each time
 */
export function useStandIn({ secrets, vars } = {}) {
  const standIn = { answer: () => ({}) };
  let entries = 0;
  let api;
  before(async () => {
    api = await startRecorder((request) => standIn.answer(request));
    const redrive = await startRedrive({ secrets, vars: { QSTASH_URL: api.url, ...vars } });
    const deliver = (options) => deliverTo(redrive, { dlqId: `1-${(entries += 1)}`, ...options });
    Object.assign(standIn, { requests: api.requests, waitFor: api.waitFor, redrive, deliver });
  });
  beforeEach(async () => {
    api.requests.length = 0;
    await standIn.redrive.logs();
  });
  after(async () => {
    await standIn.redrive?.stop();
    await api?.stop();
  });
  return standIn;
}

/** A Worker for one test, with other settings than those of the file. */
export async function startFor(t, options) {
  const redrive = await startRedrive(options);
  t.after(redrive.stop);
  return redrive;
}

/**
 * Builds, signs and sends a callback.
 *
 * @param {import("../support/redrive.mjs").Redrive} redrive
 * @param {DeliverOptions} [options]
 */
export function deliverTo(redrive, { path = "/", sign, signature, body, sent, ...options } = {}) {
  const callback = failureCallback(options);
  body ??= callback.body;
  signature ??= signature === null ? undefined : signToken({ key: DEV_CREDENTIALS.currentKey, url: redrive.url + path, body, ...sign });
  const headers = { ...callback.headers, ...(signature !== undefined && { "Upstash-Signature": signature }) };
  return redrive.send(path, { method: "POST", headers, body: sent ?? body });
}

/** Asserts a 200 with exactly these fields, and that it tells QStash nothing else. */
export function assertOutcome(answer, expected) {
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(JSON.parse(answer.text), expected);
  assert.deepEqual(told(answer), { type: "application/json" });
}

/**
 * Asserts a refusal: status, the one error object, and the headers that go with the status. 489 comes with the header that stops
 * retries and 503 with a `Retry-After`, all others with neither.
 *
 * @param {import("../support/redrive.mjs").Answer} answer
 * @param {number} status
 * @param {string} code
 * @param {{ message?: RegExp, retryAfter?: number }} [more] `retryAfter` in seconds; default for 503: from 10 to 30.
 */
export function assertRefused(answer, status, code, { message = /./, retryAfter } = {}) {
  assert.equal(answer.status, status, answer.text);
  const { error, ...others } = JSON.parse(answer.text);
  assert.deepEqual([Object.keys(others), Object.keys(error)], [[], ["code", "message"]]);
  assert.equal(error.code, code, answer.text);
  assert.match(error.message, message);
  const { retryAfter: wait, ...rest } = told(answer);
  assert.deepEqual(rest, { type: "application/json", ...(status === 489 && { nonRetryable: "true" }) });
  if (status !== 503) assert.equal(wait, undefined, "Retry-After is for 503 only");
  else if (retryAfter !== undefined) assert.equal(wait, String(retryAfter));
  else assert.ok(/^\d+$/.test(wait) && wait >= 10 && wait <= 30, `Retry-After: ${wait}`);
}

/** Asserts that nothing reached the DLQ API. */
export async function assertUntouched(world) {
  assert.deepEqual(await world.calls(), []);
}

/** The text of a duration header such as `Upstash-Delay: 1m30s`, in seconds. */
export function seconds(duration) {
  const units = { h: 3600, m: 60, s: 1 };
  assert.match(duration, /^(\d+[hms])+$/);
  return [...duration.matchAll(/(\d+)([hms])/g)].reduce((sum, [, number, unit]) => sum + number * units[unit], 0);
}

/** The headers of an answer that mean something to QStash. */
function told({ headers }) {
  const all = {
    type: headers["content-type"],
    retryAfter: headers["retry-after"],
    nonRetryable: headers["upstash-nonretryable-error"],
    allow: headers.allow,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

function muteSdkChatter() {
  for (const method of ["error", "warn"]) {
    const print = console[method].bind(console);
    console[method] = (...values) => {
      if (!SDK_CHATTER.test(String(values[0]))) print(...values);
    };
  }
}
