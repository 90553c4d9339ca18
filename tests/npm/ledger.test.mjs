/** The ledger of `createHandler`: one of the user's own, shared by many processes, or one that fails. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { RedisLedger } from "../../examples/redis-ledger/redis-ledger.mjs";
import { createHandler } from "../../pkg/index.mjs";
import { failureCallback } from "../support/callback.mjs";
import { startLocalQstash } from "../support/local-qstash.mjs";
import { signToken } from "../support/sign.mjs";

const URL = "https://app.example/api/failed";
let qstash;
before(async () => (qstash = await startLocalQstash()));
after(() => qstash.stop());

/** A process with a handler of its own. */
function handler(ledger, more = {}) {
  const { token, url: baseUrl, currentKey: currentSigningKey, nextKey: nextSigningKey } = qstash;
  const handle = createHandler({ token, baseUrl, currentSigningKey, nextSigningKey, log: () => {}, ledger, ...more });
  return async (options) => {
    const { headers, body } = failureCallback(options);
    const signature = signToken({ key: currentSigningKey, url: URL, body });
    const response = await handle(new Request(URL, { method: "POST", body, headers: { ...headers, "Upstash-Signature": signature } }));
    return { status: response.status, body: await response.json() };
  };
}

async function planted() {
  const { dlqId, workflowRunId: runId } = await qstash.plant();
  return { dlqId, runId, status: 503 };
}

const resumes = async () => (await qstash.requests()).filter(({ method, path }) => method === "POST" && path.includes("/resume/")).length;

/** The part of a Redis client that the example uses: values are JSON, as with `@upstash/redis`. */
function redis() {
  const values = new Map();
  return {
    values,
    set: async (key, value, { nx, ex }) => {
      assert.ok(ex > 0);
      if (nx && values.has(key)) return null;
      values.set(key, JSON.stringify(value));
      return "OK";
    },
    get: async (key) => (values.has(key) ? JSON.parse(values.get(key)) : null),
    del: async (key) => Number(values.delete(key)),
  };
}

test("processes that share a ledger on Redis resume a run once, and all give the first outcome", async () => {
  await qstash.reset();
  const shared = redis();
  const options = await planted();
  const answers = [];
  for (let n = 0; n < 3; n += 1) answers.push(await handler(new RedisLedger(shared))(options));
  const [first, ...others] = answers;
  assert.deepEqual([first.status, first.body.outcome], [200, "resumed"]);
  for (const { status, body } of others) assert.deepEqual([status, body], [200, { ...first.body, duplicate: true }]);
  assert.equal(await resumes(), 1);
  assert.deepEqual(JSON.parse(shared.values.get(`redrive:${options.dlqId}`)), first.body);
});

test("two deliveries at once: one acts, the other is asked to come again", async () => {
  await qstash.reset();
  const shared = redis();
  const options = await planted();
  const answers = await Promise.all([0, 1].map(() => handler(new RedisLedger(shared))(options)));
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 503]);
  assert.equal(answers.find(({ status }) => status === 503).body.error.code, "in_progress");
  assert.equal(await resumes(), 1);
});

test("what was not acted on is claimed again: the ledger is told that the claim is free", async () => {
  const shared = redis();
  const options = { ...(await planted()), status: 400 };
  for (let n = 0; n < 2; n += 1) assert.equal((await handler(new RedisLedger(shared))(options)).body.outcome, "parked");
  assert.equal(shared.values.size, 0);
});

test("a ledger that fails at a claim: nothing is sent, and QStash is to deliver again", async () => {
  await qstash.reset();
  for (const claim of [() => Promise.reject(new Error("down")), () => { throw new Error("down"); }, () => ({ outcome: "mended" }), () => 7]) {
    const { status, body } = await handler({ claim, record: () => {} })(await planted());
    assert.deepEqual([status, body.error.code], [503, "ledger_unavailable"]);
  }
  assert.equal(await resumes(), 0);
});

test("a ledger that cannot keep what was done: it was done all the same", async () => {
  const record = () => Promise.reject(new Error("down"));
  assert.equal((await handler({ claim: () => undefined, record })(await planted())).body.outcome, "resumed");
});

test("what is no ledger is refused with what one has", () => {
  for (const ledger of [{}, "redis", { claim() {} }, 7]) {
    assert.throws(() => handler(ledger), { code: "invalid_argument", message: /`ledger` must be an object with `claim` and `record`/ });
  }
});
