/** What many requests tell the ledger at the same time goes together: nothing is lost, mixed up or done twice by that. */
import assert from "node:assert/strict";
import { request as httpRequest } from "node:http";
import { test } from "node:test";
import { failureCallback } from "../support/callback.mjs";
import { DEV_CREDENTIALS } from "../support/local-qstash.mjs";
import { listen, poll } from "../support/net.mjs";
import { startRedrive } from "../support/redrive.mjs";
import { signToken } from "../support/sign.mjs";
import { deliverTo } from "./harness.mjs";

const AT_ONCE = 40;

/**
 * Before the Worker: a ledger that takes its time, counts what it is told together (`GET /told`), cannot write down anything of the
 * entry 1-13, and loses its answers to every batch with the entry 1-23 in it that settles nothing. Who sends the entry 1-50 never hears anything
 * again, not even a timer, and is ended by the runtime.
 */
const FRONT = {
  contents: `
    import Redrive, { Ledger as Sound } from "./worker/shim.mjs";
    const told = [];
    export default {
      fetch(request, env, context) {
        if (request.url.endsWith("/told")) return Response.json(told);
        return Redrive.fetch(request, { ...env, LEDGER: { getByName: (name) => deadly(env.LEDGER.getByName(name)) } }, context);
      },
    };
    const never = () => new Promise(() => {});
    const { wait } = scheduler;
    function deadly(actor) {
      const tell = (name, messages) => {
        if (!messages[0].includes('"1-50"')) return actor.tell(name, messages);
        told.push(messages.length);
        // The next timer is the sender's patience.
        scheduler.wait = () => ((scheduler.wait = wait), never());
        return never();
      };
      return { tell };
    }
    export class Ledger extends Sound {
      constructor(state, env) {
        super(state, env);
        const { storage } = state;
        const put = (key, value) => {
          if (key === "entry/1-13") throw new Error("no room for this");
          storage.kv.put(key, value);
        };
        const kv = { put, get: (key) => storage.kv.get(key), delete: (key) => storage.kv.delete(key), list: (what) => storage.kv.list(what) };
        const transactionSync = (steps) => storage.transactionSync(steps);
        this.ctx = { storage: { kv, transactionSync, setAlarm: (at) => storage.setAlarm(at) } };
      }
      async tell(actor, messages) {
        if (actor.startsWith("shard-")) {
          told.push(messages.length);
          await scheduler.wait(100);
        }
        const answers = await super.tell(actor, messages);
        const isLost = messages.some((message) => message.includes('"1-23"')) && messages.every((message) => JSON.parse(message).do === "claim");
        if (isLost) throw new Error("the answers are lost");
        return answers;
      }
    }`,
};

async function worldFor(t) {
  const resumed = [];
  const api = await listen(({ method, path }) => {
    if (method !== "POST") return { status: 404, body: "{}" };
    const entry = path.split("/").at(-1);
    resumed.push(entry);
    return { body: JSON.stringify({ workflowRunId: `wfr_new_${entry}`, workflowCreatedAt: 1 }) };
  });
  const vars = { QSTASH_URL: api.url, LEDGER_SHARDS: "1", POLICY: { breaker: { enabled: false } } };
  const redrive = await startRedrive({ ledger: true, front: FRONT, vars });
  t.after(async () => {
    await redrive.stop();
    await api.stop();
  });
  const deliver = async (n) => {
    const { status, text } = await deliverTo(redrive, { dlqId: `1-${n}`, runId: `wfr_${n}` });
    return { n, status, ...JSON.parse(text) };
  };
  const told = async () => JSON.parse((await redrive.send("/told")).text);
  return { redrive, resumed, deliver, told };
}

const numbers = (from, to) => Array.from({ length: to - from }, (_, n) => from + n);

test("every callback of many gets its own answer; what cannot be kept, or whose answer is lost, harms no other", async (t) => {
  const { resumed, deliver, told } = await worldFor(t);
  // The first goes at once; those that come meanwhile wait for it.
  const first = deliver(0);
  await poll(async () => (await told()).length > 0, { what: "the first claim" });
  const answers = await Promise.all([first, ...numbers(1, AT_ONCE).filter((n) => n !== 23).map(deliver)]);
  for (const { n, status, outcome, dlqId, newRunId, error } of answers) {
    if (n === 13) assert.deepEqual([status, error.code], [503, "ledger_unavailable"]);
    else assert.deepEqual([status, outcome, dlqId, newRunId], [200, "resumed", `1-${n}`, `wfr_new_1-${n}`]);
  }
  const done = numbers(0, AT_ONCE).filter((n) => n !== 13 && n !== 23).map((n) => `1-${n}`);
  assert.deepEqual(resumed.toSorted(), done.toSorted());
  const batches = await told();
  assert.ok(Math.max(...batches) > 5, `nothing went together: ${batches}`);
  assert.ok(batches.length < AT_ONCE, `${batches.length} calls: ${batches}`);

  // The same again: each gets what came of its own entry, and nothing happens twice.
  for (const { n, outcome, duplicate, dlqId } of await Promise.all(numbers(0, AT_ONCE).filter((n) => n !== 13 && n !== 23).map(deliver))) {
    assert.deepEqual([outcome, duplicate, dlqId], ["resumed", true, `1-${n}`]);
  }
  assert.equal(resumed.length, done.length);
});

test("a batch whose answers are lost: nobody acts on a claim that it cannot be sure of", async (t) => {
  const { resumed, deliver, told } = await worldFor(t);
  const first = deliver(0);
  await poll(async () => (await told()).length > 0, { what: "the first claim" });
  const begun = Date.now();
  const answers = await Promise.all([first, ...numbers(20, 30).map(deliver)]);
  assert.ok(Date.now() - begun < 8000, "nobody told those who waited that their answers are lost");
  assert.equal(answers[0].status, 200);
  const refused = answers.filter(({ status }) => status === 503);
  assert.ok(refused.length > 1 && refused.some(({ n }) => n === 23), JSON.stringify(answers));
  for (const { error } of refused) assert.equal(error.code, "ledger_unavailable");
  const done = answers.filter(({ status }) => status === 200).map(({ n }) => `1-${n}`);
  assert.deepEqual(resumed.toSorted(), done.toSorted());
});

test("who sends for others and hangs up takes nobody with it", async (t) => {
  const { redrive, resumed, deliver, told } = await worldFor(t);
  const hangUp = sendAndHangUp(redrive.url, 0);
  await poll(async () => (await told()).length > 0, { what: "the first claim" });
  const leader = sendAndHangUp(redrive.url, 1);
  const others = numbers(2, 10).map(deliver);
  hangUp();
  await poll(async () => (await told()).length > 1, { what: "the second batch" });
  leader();
  for (const { n, status, outcome, dlqId } of await Promise.all(others)) {
    assert.deepEqual([status, outcome, dlqId], [200, "resumed", `1-${n}`]);
  }
  await poll(() => resumed.length === 10, { what: "what was begun for those who hung up", explain: () => resumed.join() });
});

/** A batch is given up for lost after 6 s, and an answer by those who wait for it after 12 s. */
test("who sends for others and is ended by the runtime holds nobody up for long", async (t) => {
  const [quiet, busy] = await Promise.all([worldFor(t), worldFor(t)]);
  const begun = Date.now();
  const at = (millis) => poll(() => Date.now() - begun > millis, { what: "time to pass" });
  const stuck = async ({ deliver, told }) => {
    deliver(50).catch(() => {});
    await poll(async () => (await told()).length > 0, { what: "the first claim" });
    return { others: numbers(1, 4).map(deliver) };
  };
  const [waiting, helped] = await Promise.all([stuck(quiet), stuck(busy)]);
  // Here nobody comes after that time. Who has waited long enough gives up, and one of those that came later sends.
  await at(2000);
  const later = [4, 5].map(quiet.deliver);
  // And here somebody comes and notices.
  await at(7500);
  for (const { n, status, outcome } of await Promise.all([busy.deliver(4), ...helped.others])) {
    assert.deepEqual([status, outcome], [200, "resumed"], `entry 1-${n}`);
  }
  assert.ok(Date.now() - begun < 11_000, "they have waited as if nobody had come");

  const answers = await Promise.all([...waiting.others, ...later]);
  assert.ok(answers.some(({ error }) => error?.code === "ledger_unavailable"), JSON.stringify(answers));
  for (const { n, status, outcome } of answers.slice(3)) assert.deepEqual([status, outcome], [200, "resumed"], `entry 1-${n}`);
  const done = answers.filter(({ status }) => status === 200).map(({ n }) => `1-${n}`);
  assert.deepEqual(quiet.resumed.toSorted(), done.toSorted());
});

/** Sends a callback; hangs up when told to. */
function sendAndHangUp(origin, n) {
  const { body, headers } = failureCallback({ dlqId: `1-${n}`, runId: `wfr_${n}` });
  const token = signToken({ key: DEV_CREDENTIALS.currentKey, url: `${origin}/`, body });
  const sent = httpRequest(`${origin}/`, { method: "POST", agent: false, headers: { ...headers, "Upstash-Signature": token } });
  sent.once("error", () => {});
  sent.end(body);
  return () => sent.destroy();
}
