/**
 * How many callbacks the ledger takes: each is claimed, resumed and settled. The figures are printed, for machines differ: most
 * of the time is the disk, which writes each claim and each conclusion down for good before the answer goes out.
 */
import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { test } from "node:test";
import { failureCallback } from "../support/callback.mjs";
import { DEV_CREDENTIALS } from "../support/local-qstash.mjs";
import { listen } from "../support/net.mjs";
import { startRedrive } from "../support/redrive.mjs";
import { signToken } from "../support/sign.mjs";

const CALLBACKS = 300;
const WARM_UP = 50;
const CONNECTIONS = 32;

const LEDGERS = [
  ["no ledger", { ledger: false }],
  ["1 shard", { ledger: true, shards: 1 }],
  ["4 shards", { ledger: true, shards: 4 }],
  ["16 shards", { ledger: true, shards: 16 }],
  ["4 shards, and 50 targets watched", { ledger: true, shards: 4, breaker: { minimum: 200 } }],
];

for (const [what, { ledger, shards = 4, breaker = { enabled: false } }] of LEDGERS) {
  test(`${what}: every callback is answered once, and its run resumed`, async (t) => {
    const resumed = new Set();
    const api = await listen(({ method, path }) => {
      if (method === "POST") resumed.add(path);
      return { body: '{"workflowRuns":[],"workflowRunId":"wfr_new"}' };
    });
    const redrive = await startRedrive({ ledger, vars: { QSTASH_URL: api.url, LEDGER_SHARDS: String(shards), POLICY: { breaker } } });
    const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
    t.after(async () => {
      agent.destroy();
      await redrive.stop();
      await api.stop();
    });
    const callbacks = Array.from({ length: WARM_UP + CALLBACKS }, (_, n) => signed(redrive.url, n));
    await deliverAll(redrive.url, agent, callbacks.splice(0, WARM_UP));
    const started = performance.now();
    const outcomes = await deliverAll(redrive.url, agent, callbacks);
    const seconds = (performance.now() - started) / 1000;
    assert.deepEqual([...new Set(outcomes)], ["resumed"]);
    assert.equal(resumed.size, WARM_UP + CALLBACKS);
    t.diagnostic(`${what}: ${Math.round(CALLBACKS / seconds)} callbacks per second`);
  });
}

function signed(origin, n) {
  const { body, headers } = failureCallback({ dlqId: `1-${n}`, runId: `wfr_${n}`, url: `https://shop.example/flow-${n % 50}` });
  const token = signToken({ key: DEV_CREDENTIALS.currentKey, url: `${origin}/`, body });
  return { body, headers: { ...headers, "Upstash-Signature": token, "Content-Length": Buffer.byteLength(body) } };
}

async function deliverAll(origin, agent, callbacks) {
  const outcomes = [];
  const next = callbacks[Symbol.iterator]();
  const deliverer = async () => {
    for (const callback of next) outcomes.push(await deliver(origin, agent, callback));
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, deliverer));
  return outcomes;
}

function deliver(origin, agent, { body, headers }) {
  return new Promise((resolve, reject) => {
    const sent = request(`${origin}/`, { method: "POST", headers, agent }, async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      resolve(JSON.parse(text).outcome ?? text);
    });
    sent.once("error", reject);
    sent.end(body);
  });
}
