/** Give-up with relay: the user's own failure function, on the unmodified official SDK, gets the callback as QStash sent it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callbackReaches, clientOf, host, startRecorder, stepCounter, useLocalQstash } from "../../local-qstash/conformance/harness.mjs";
import { listen } from "../support/net.mjs";
import { NO_BACKOFF, assertOutcome, assertRefused, deliverTo, startFor } from "./harness.mjs";

const qstash = useLocalQstash();

/** A Worker that hands every callback it gives up on to `target`. */
const startRelaying = (t, target, { vars, ...policy } = {}) =>
  startFor(t, {
    ledger: true,
    vars: {
      QSTASH_URL: qstash.url,
      POLICY: { backoff: NO_BACKOFF, relay_targets: [target], rules: [{ name: "hand on", action: "relay", relay_to: target }], ...policy },
      ...vars,
    },
  });

/** A workflow that asks who is calling, fails in its second step, and has a failure function. */
async function hostShop(t) {
  const counter = stepCounter();
  const calls = [];
  let fail = 0;
  const app = await host(t, qstash, {
    routes: {
      "/order": {
        handler: async (context) => {
          // The SDK runs this for failure functions too: who drops headers on the way is not let in.
          if (context.headers.get("authorization") !== "Bearer of-the-user") return;
          await context.run("reserve", counter.step("reserve", "reserved"));
          await context.run("charge", counter.step("charge", "charged"));
        },
        failureFunction: ({ context, failStatus, failResponse, failHeaders, failStack }) => {
          if (fail > 0) {
            fail -= 1;
            throw new Error("the failure function fails too");
          }
          const { workflowRunId, requestPayload, url, label } = context;
          calls.push({ workflowRunId, requestPayload, url, label, failStatus, failResponse, step: failHeaders["Upstash-Error-Step-Name"]?.[0], failStack });
          return "noted";
        },
      },
    },
  });
  counter.break("charge", new RangeError("no such card"));
  const url = `${app.url}/order`;
  const trigger = (failureUrl, more) =>
    clientOf(qstash).trigger({ url, failureUrl, retries: 0, body: { order: 7 }, headers: { authorization: "Bearer of-the-user" }, label: "orders", ...more });
  return { app, url, calls, counter, trigger, failNext: (times) => (fail = times) };
}

const callbacks = async () => (await qstash.timeline()).filter(({ kind }) => kind === "callback_sent");

test("the failure function of an unmodified app gets the callback of a run that is given up, and accepts it", async (t) => {
  const shop = await hostShop(t);
  const redrive = await startRelaying(t, shop.url, {
    max_attempts: 1,
    rules: [{ name: "once more", when: { error: "RangeError" }, action: "resume", overrides: { delay: "1ms" }, relay_to: shop.url }],
  });
  const { workflowRunId } = await shop.trigger(`${redrive.url}/?team=a`);
  const { runId } = await qstash.waitFor(({ kind }) => kind === "resumed");
  await qstash.waitFor((_, all) => all.filter(({ kind }) => kind === "callback_done").length === 2);

  const [{ failStack, ...call }, ...others] = shop.calls;
  assert.deepEqual(others, [], "once");
  assert.deepEqual(call, {
    workflowRunId: runId,
    requestPayload: { order: 7 },
    url: shop.url,
    label: "orders",
    failStatus: 500,
    failResponse: "no such card",
    step: "charge",
  });
  assert.match(failStack, /^RangeError: no such card/);
  assert.deepEqual((await callbacks()).map(({ status }) => status), [200, 200]);
  const results = (await redrive.logs()).map(({ result }) => [result.outcome, result.reason, result.rootRunId]);
  assert.deepEqual(results, [
    ["resumed", undefined, workflowRunId],
    ["parked", "attempts_exhausted", workflowRunId],
  ]);
  const { messages } = await clientOf(qstash).dlq.list();
  assert.deepEqual(messages.map((entry) => entry.workflowRunId), [runId], "the entry waits for a person");
  // The signature is QStash's own: the SDK has checked it, though it was made for the Worker's address.
  const relayed = shop.app.deliveries.at(-1);
  assert.match(relayed.signature, /invalid subject/);
  relayed.signature = "valid";
});

test("a failure function that fails is called again, with the next delivery", async (t) => {
  const shop = await hostShop(t);
  const redrive = await startRelaying(t, shop.url);
  shop.failNext(2);
  await shop.trigger(redrive.url, { retries: 3, retryDelay: "1000" });
  const { dlqId } = await qstash.waitFor(({ kind }) => kind === "callback_done");
  assert.deepEqual((await callbacks()).map(({ status }) => status), [503, 503, 200]);
  assert.equal(shop.calls.length, 1);
  await callbackReaches(qstash, dlqId, "CALLBACK_SUCCESS");
  const lines = await redrive.logs();
  assert.deepEqual(lines.map(({ result, detail }) => [result.outcome, result.reason, detail]), [
    ["refused", "relay_failed", "relay_to answered 500"],
    ["refused", "relay_failed", "relay_to answered 500"],
    ["parked", "relayed", undefined],
  ]);
  for (const delivery of shop.app.deliveries) delivery.signature = "valid";
});

test("bytes and headers arrive as they came, chunked or not, and nothing of the way is added", async (t) => {
  const target = await startRecorder();
  t.after(target.stop);
  const redrive = await startRelaying(t, `${target.url}/failed?x=1`);
  const payloads = ["small", "ä".repeat(300_000), Buffer.alloc(2_500_000, "π")];
  for (const [n, payload] of payloads.entries()) {
    const headers = { "X-Tenant": "7", Authorization: "Bearer of-the-user", "CF-Connecting-IP": "192.0.2.1" };
    for (const sent of n === 2 ? ["whole", "chunks"] : ["whole"]) {
      const entry = await qstash.plant();
      let body;
      const split = function* () {
        for (let at = 0; at < body.length; at += 100_000) yield body.slice(at, at + 100_000);
      };
      const { failureCallback } = await import("../support/callback.mjs");
      ({ body } = failureCallback({ payload, dlqId: entry.dlqId, runId: entry.workflowRunId }));
      const answer = await deliverTo(redrive, {
        dlqId: entry.dlqId,
        runId: entry.workflowRunId,
        headers,
        body,
        ...(sent === "chunks" && { sent: split() }),
      });
      assert.equal(JSON.parse(answer.text).reason, "relayed", answer.text);
      const relayed = target.requests.at(-1);
      assert.deepEqual([relayed.method, relayed.path], ["POST", "/failed?x=1"]);
      assert.ok(relayed.body === body, `${sent} ${body.length}: the body differs`);
      const { "x-tenant": tenant, authorization, "content-type": type, "cf-connecting-ip": way, ...others } = relayed.headers;
      assert.deepEqual([tenant, authorization, type, way], ["7", "Bearer of-the-user", "application/json", undefined]);
      assert.equal(others["upstash-workflow-runid"], entry.workflowRunId);
      assert.ok(others["upstash-signature"].split(".").length === 3);
    }
  }
  assert.equal(target.requests.length, 4);
});

test("a callback that is too large to be held is parked with its reason, and not handed on in part", async (t) => {
  const target = await startRecorder();
  t.after(target.stop);
  const redrive = await startRelaying(t, target.url);
  const { dlqId, workflowRunId: runId } = await qstash.plant();
  const answer = await deliverTo(redrive, { dlqId, runId, payload: Buffer.alloc(7_000_000, "x") });
  const { outcome, reason } = JSON.parse(answer.text);
  assert.deepEqual([outcome, reason, target.requests.length], ["parked", "too_large_to_relay", 0]);
});

test("a redirect is not followed and a target that hangs is given up; both are delivered again", async (t) => {
  const other = await startRecorder();
  t.after(other.stop);
  const target = await listen(({ path }) =>
    path === "/hangs" ? new Promise(() => {}) : { status: 307, headers: { Location: `${other.url}/stolen` } },
  );
  t.after(target.stop);
  for (const path of ["/moved", "/hangs"]) {
    const redrive = await startRelaying(t, target.url + path, { vars: { API_TIMEOUT: "300ms" } });
    const { dlqId, workflowRunId: runId } = await qstash.plant();
    assertRefused(await deliverTo(redrive, { dlqId, runId }), 503, "relay_failed");
  }
  assert.deepEqual(other.requests, []);
});

test("a forged callback is not handed on, nor one of another rule", async (t) => {
  const target = await startRecorder();
  t.after(target.stop);
  const redrive = await startRelaying(t, target.url, {
    rules: [{ name: "hand on", when: { label: "precious" }, action: "relay", relay_to: target.url }],
  });
  assertRefused(await deliverTo(redrive, { sign: { key: "sig_other" }, label: "precious" }), 401, "signature_mismatch");
  const { dlqId, workflowRunId: runId } = await qstash.plant();
  const answer = await deliverTo(redrive, { dlqId, runId, status: 404 });
  assertOutcome(answer, { outcome: "parked", reason: "rule", rule: "anything-else", runId, dlqId, rootRunId: runId, attempt: 0 });
  assert.deepEqual(target.requests, []);
});
