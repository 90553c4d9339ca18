/**
 * When the Worker's code panics, overflows its stack or runs out of memory: who waits gets an answer, one line is logged, and
 * the isolate goes on. The built file crashes in real workerd; see tests/support/crash.mjs.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { crashing, withMemory } from "../support/crash.mjs";
import { startLocalQstash } from "../support/local-qstash.mjs";
import { poll, startRecorder } from "../support/net.mjs";
import { DEV_SECRETS } from "../support/redrive.mjs";
import { assertOutcome, assertRefused, deliverTo, startFor } from "./harness.mjs";

const ADMIN_TOKEN = "admin-token-of-these-tests";
/** Nothing of the failed deliveries counts against their target: these are about other things. */
const POLICY = { breaker: { enabled: false } };

let api;
before(async () => {
  api = await startRecorder(() => ({ body: '{"workflowRuns":[],"workflowRunId":"wfr_new"}' }));
});
after(() => api.stop());
beforeEach(() => (api.requests.length = 0));

let entries = 0;
const another = () => ({ dlqId: `1-${(entries += 1)}`, runId: `wfr_${entries}` });

async function start(t, options) {
  const redrive = await startFor(t, {
    front: crashing,
    secrets: { ...DEV_SECRETS, ADMIN_TOKEN },
    isPublic: true,
    ...options,
    vars: { QSTASH_URL: api.url, POLICY, ...options?.vars },
  });
  const deliver = (crash, options) => deliverTo(redrive, { ...another(), ...options, headers: { ...(crash && { crash }), ...options?.headers } });
  const isolate = async () => JSON.parse((await redrive.send("/isolate")).text);
  return { redrive, deliver, isolate };
}

/** Its lines about crashes. Whatever else is printed must be a line of the Worker's, too. */
async function crashes(redrive) {
  return (await redrive.logs()).filter(({ event }) => event === "crash");
}

function assertCrashed(answer) {
  assertRefused(answer, 500, "crashed", { message: /deliver again/ });
}

for (const ledger of [false, true]) {
  for (const [place, detail] of [
    ["url", "RuntimeError: unreachable"],
    ["body", "RuntimeError: unreachable"],
    ["stack", "RangeError: Maximum call stack size exceeded"],
    ["exception", "an exception"],
  ]) {
    test(`${ledger ? "with" : "without"} a ledger, a crash at ${place} is answered 500 and logged, and the isolate goes on`, async (t) => {
      const { redrive, deliver, isolate } = await start(t, { ledger });
      const before = await isolate();
      assert.equal((await deliver()).status, 200);
      await redrive.logs();
      const callback = another();

      assertCrashed(await deliver(place, callback));

      const [{ at, ...line }, ...others] = await redrive.logs();
      assert.deepEqual([line, others], [{ event: "crash", outcome: "restarted", detail, unanswered: 1 }, []]);
      if (detail.startsWith("RuntimeError")) assert.match(at.join(" "), /^(wasm-function\[\d+\]:0x[\da-f]+ ?){2,5}$/);
      assert.equal(api.requests.length, 1);
      assert.equal(JSON.parse((await deliver(undefined, callback)).text).outcome, "resumed");
      assert.equal(api.requests.length, 2);
      const { isolate: same, uncaught } = await isolate();
      assert.deepEqual([same, uncaught], [before.isolate, []]);
      assert.doesNotMatch(JSON.stringify(redrive.printed()), /canary|eyJ/);
    });
  }
}

test("a hundred crashes in turn are a hundred answers and lines, and memory stays flat", async (t) => {
  const { redrive, deliver } = await start(t, { ledger: true });
  const sizes = [];
  for (let n = 0; n < 100; n += 1) {
    assertCrashed(await deliver("body"));
    assert.equal((await deliver()).status, 200);
    sizes.push(redrive.memory());
  }
  assert.equal((await crashes(redrive)).length, 100);
  const growth = (Math.max(...sizes.slice(50)) - Math.max(...sizes.slice(0, 50))) / 1e6;
  assert.ok(growth < 40, `${growth} MB more in the second half`);
});

test("who is under way in the same isolate is answered at once, and resumed once by further deliveries", { timeout: 60_000 }, async (t) => {
  const qstash = await startLocalQstash({ timeScale: 1 });
  t.after(qstash.stop);
  // A claim is held for two calls and ten seconds.
  const { redrive, deliver, isolate } = await start(t, { ledger: true, vars: { QSTASH_URL: qstash.url, API_TIMEOUT: "1s" } });
  const { entries } = await qstash.plant({ count: 8 });
  const callbacks = entries.map(({ dlqId, workflowRunId: runId }) => ({ dlqId, runId }));
  const { calls } = await isolate();
  await qstash.addFaults([{ match: { method: "POST" }, times: callbacks.length, fault: { delayMs: 900 } }]);
  const answers = callbacks.map((callback) => deliver(undefined, callback));
  await poll(async () => (await isolate()).calls === calls + callbacks.length, { what: "all calls to be under way" });
  assert.equal((await isolate()).kept, callbacks.length, "who hangs up does not stop them");

  assertCrashed(await deliver("url"));

  for (const answer of await Promise.all(answers)) assertCrashed(answer);
  const [line, ...others] = await crashes(redrive);
  assert.deepEqual([line.unanswered, others], [callbacks.length + 1, []]);
  for (const callback of callbacks) {
    const again = async () => {
      const { status, text } = await deliver(undefined, callback);
      assert.ok(status === 200 || JSON.parse(text).error.code === "in_progress", text);
      return status === 200;
    };
    await poll(again, { timeout: 30_000, what: "a claim to be let go" });
  }
  assert.deepEqual((await isolate()).uncaught, [], "what comes to the old instance is of no interest");
  const resumed = (await qstash.timeline()).filter(({ kind }) => kind === "resumed").map(({ dlqId }) => dlqId);
  assert.deepEqual(resumed.toSorted(), callbacks.map(({ dlqId }) => dlqId).toSorted());
});

test("a crash in the ledger undoes what it was writing, and nothing else", async (t) => {
  const { redrive, deliver } = await start(t, { ledger: true, vars: { LEDGER_SHARDS: "1" } });
  const [old, late] = [another(), another()];
  const first = JSON.parse((await deliver(undefined, old)).text);

  assertCrashed(await deliver("ledger", late));

  assert.equal((await crashes(redrive)).length, 1);
  assertOutcome(await deliver(undefined, old), { ...first, duplicate: true });
  assert.equal(api.requests.length, 1);
  assert.equal(JSON.parse((await deliver(undefined, late)).text).outcome, "resumed");
  assert.equal(api.requests.length, 2);
});

test("an alarm of the ledger that crashes rings again, and what it was to tell is told", { timeout: 60_000 }, async (t) => {
  const { redrive, deliver } = await start(t, { ledger: true, vars: { NOTIFY_SLACK_URL: `${api.url}/notice` } });
  assert.equal(JSON.parse((await deliver("alarm", { status: 404 })).text).outcome, "parked");
  const [notice] = await api.waitFor(1, 40_000);
  assert.equal(notice.path, "/notice");
  assert.equal((await crashes(redrive)).length, 1);
});

test("an alarm that waits while something else crashes rings again, and the answer that comes too late is passed over", { timeout: 60_000 }, async (t) => {
  let answer;
  const late = new Promise((resolve) => (answer = resolve));
  const webhook = await startRecorder(async (request, index) => index === 0 && (await late));
  t.after(webhook.stop);
  const { redrive, deliver, isolate } = await start(t, { ledger: true, vars: { NOTIFY_SLACK_URL: webhook.url } });
  assert.equal(JSON.parse((await deliver(undefined, { status: 404 })).text).outcome, "parked");
  await webhook.waitFor(1);

  assertCrashed(await deliver("url"));

  answer({});
  await webhook.waitFor(2, 40_000);
  assert.deepEqual((await isolate()).uncaught, []);
  assert.equal((await crashes(redrive)).length, 1);
});

test("a sweep that crashes is told to the runtime, and the next one is made", async (t) => {
  const { redrive, deliver } = await start(t, { ledger: true, vars: { LEDGER_SHARDS: "1" } });
  await deliver("sweep");
  const before = await redrive.send("/healthz");
  await assert.rejects(redrive.sweep(), /exception/);
  assert.equal((await crashes(redrive)).length, 1);
  const [report] = await redrive.sweep();
  assert.equal(report.event, "sweep");
  assert.deepEqual([before.status, (await redrive.send("/healthz")).status], [200, 200]);
});

test("a body for which there is no memory is answered 500, and smaller ones are dealt with", async (t) => {
  // Less than a piece of a body.
  const room = 100_000;
  const { redrive, deliver } = await start(t, { wasm: (bytes) => withMemory(bytes, room) });
  for (let n = 0; n < 3; n += 1) {
    assert.equal((await deliver()).status, 200);
    assertCrashed(await deliver(undefined, { payload: "x".repeat(2 * room) }));
  }
  assert.equal((await deliver()).status, 200);
  const [line, ...others] = await crashes(redrive);
  assert.deepEqual([line.detail, others.length], ["RuntimeError: unreachable", 2]);
});

test("JSON nested as deep as a body can be does not need the stack", async (t) => {
  const { redrive, deliver } = await start(t);
  for (const body of ["[".repeat(1_000_000), `{"a":`.repeat(300_000), `{"sourceHeader":${'{"a":'.repeat(300_000)}`]) {
    const { status, text } = await deliver(undefined, { body });
    assert.equal(status, 489, text.slice(0, 200));
  }
  assert.equal((await crashes(redrive)).length, 0);
});
