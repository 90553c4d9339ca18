/** The whole loop: workflows on the unmodified official SDK fail, their callbacks reach the Worker, and it deals with them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkflowNonRetryableError, WorkflowRetryAfterError } from "@upstash/workflow";
import {
  callbackReaches,
  clientOf,
  failedEntry,
  host,
  poll,
  runSucceeds,
  stepCounter,
  useLocalQstash,
} from "../../local-qstash/conformance/harness.mjs";
import { NO_BACKOFF, seconds, startFor } from "./harness.mjs";

const qstash = useLocalQstash();

const startRedriveFor = (t, policy) => startFor(t, { vars: { QSTASH_URL: qstash.url, POLICY: { backoff: NO_BACKOFF, ...policy } } });

/** An order in two steps, the second of which the test can break, hosted for one test. */
async function hostOrder(t) {
  const counter = stepCounter();
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        const stock = await context.run("reserve", counter.step("reserve", "reserved"));
        const money = await context.run("charge", counter.step("charge", "charged"));
        return { stock, money };
      },
    },
  });
  return { counter, url: `${app.url}/order` };
}

async function trigger(url, redrive, options = {}) {
  const { workflowRunId } = await clientOf(qstash).trigger({ url, retries: 0, failureUrl: redrive.url, ...options });
  return workflowRunId;
}

const entries = async () => (await clientOf(qstash).dlq.list()).messages;
const events = async (wanted) => (await qstash.timeline()).filter(({ kind }) => kind === wanted);
const revived = () => qstash.waitFor(({ kind }) => kind === "resumed" || kind === "restarted");

/** Waits until so many callbacks were dealt with, and returns the log line of the last one. */
async function dealtWith(redrive, callbacks = 1) {
  await qstash.waitFor((_, all) => all.filter(({ kind }) => kind === "callback_done").length >= callbacks);
  return (await redrive.logs()).at(-1);
}

test("a run that failed in an outage is finished from the failed step on, without anybody's help", async (t) => {
  const redrive = await startRedriveFor(t, {});
  const { counter, url } = await hostOrder(t);
  counter.break("charge");
  const failed = await trigger(url, redrive, { retries: 2, retryDelay: "1000" });
  await qstash.waitFor(({ kind }) => kind === "dlq_entry");
  counter.mend("charge");

  const { runId, fromRunId } = await revived();

  assert.equal(fromRunId, failed);
  assert.deepEqual(await runSucceeds(qstash, runId), { stock: "reserved", money: "charged" });
  assert.equal(counter.runs.reserve, 1, "a finished step does not run again");
  assert.deepEqual(await entries(), []);
  const { result, failureStatus } = await dealtWith(redrive);
  assert.deepEqual([result.outcome, result.runId, result.newRunId, failureStatus], ["resumed", failed, runId, 500]);
});

/** A workflow whose only step waits to be let on, and then fails. */
async function hostFailure(t) {
  const waiting = [];
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        await context.run("charge", async () => {
          await new Promise((resolve) => waiting.push(resolve));
          throw new Error("the bank does not answer");
        });
      },
    },
  });
  const failOnce = async () => (await poll(() => waiting.shift(), { what: "the step to be executed" }))();
  return { url: `${app.url}/order`, failOnce };
}

for (const [what, between] of [
  ["", () => {}],
  [", also when the Worker starts anew before each", (redrive) => redrive.restart()],
]) {
  test(`a run that keeps failing is resumed max_attempts times and then parked${what}`, async (t) => {
    const redrive = await startRedriveFor(t, { max_attempts: 2 });
    const { url, failOnce } = await hostFailure(t);
    const root = await trigger(url, redrive, { failureUrl: `${redrive.url}/?team=a` });
    const results = [];
    for (const callbacks of [1, 2, 3]) {
      await failOnce();
      results.push((await dealtWith(redrive, callbacks)).result);
      await between(redrive);
    }

    assert.deepEqual(
      results.map(({ outcome, reason, attempt, rootRunId }) => [outcome, reason, attempt, rootRunId]),
      [
        ["resumed", undefined, 1, root],
        ["resumed", undefined, 2, root],
        ["parked", "attempts_exhausted", 2, root],
      ],
    );
    const called = (await events("callback_sent")).map(({ url: signed }) => new URL(signed).search);
    assert.equal(called[0], "?team=a");
    const since = /\.(\d+)\./.exec(called[1])[1];
    assert.deepEqual(called.slice(1), [1, 2].map((attempt) => `?team=a&redrive=${attempt}.${since}.${root}`));
    const [entry, ...others] = await entries();
    assert.deepEqual([entry.workflowRunId, others.length], [results[2].runId, 0], "the last run waits for a person");
    assert.equal((await events("resumed")).length, 2);
  });
}

test("a run that keeps failing is parked when its elapsed budget is spent, also by a Worker that started anew", async (t) => {
  const redrive = await startRedriveFor(t, { settle: "10s", max_elapsed: "10500ms", max_attempts: 1000 });
  const { url, failOnce } = await hostFailure(t);
  await trigger(url, redrive);
  await failOnce();
  const first = await dealtWith(redrive);
  const spent = Date.now() + 600;
  await redrive.restart();
  await poll(() => Date.now() >= spent);
  await failOnce();
  const second = await dealtWith(redrive, 2);

  assert.equal(first.result.outcome, "resumed");
  assert.deepEqual([second.result.outcome, second.result.reason], ["parked", "elapsed_budget_spent"]);
  assert.equal((await entries()).length, 1);
});

test("a rule that restarts runs every step again", async (t) => {
  const redrive = await startRedriveFor(t, { rules: [{ name: "afresh", when: { url: "*/order" }, action: "restart" }] });
  const { counter, url } = await hostOrder(t);
  counter.break("charge");
  await trigger(url, redrive);
  await qstash.waitFor(({ kind }) => kind === "dlq_entry");
  counter.mend("charge");

  const { runId, kind } = await revived();

  assert.equal(kind, "restarted");
  await runSucceeds(qstash, runId);
  assert.equal(counter.runs.reserve, 2);
});

test("a rule that deletes gives the run up", async (t) => {
  const rules = [{ name: "worthless", when: { label: "cache-*", step: "charge", message: "is broken" }, action: "delete" }];
  const redrive = await startRedriveFor(t, { rules });
  const { counter, url } = await hostOrder(t);
  counter.break("charge");
  await trigger(url, redrive, { label: "cache-warmer" });

  const { result } = await dealtWith(redrive);

  assert.deepEqual([result.outcome, result.rule], ["deleted", "worthless"]);
  assert.deepEqual(await entries(), []);
  assert.equal((await events("resumed")).length, 0);
});

for (const [what, rule, provoke] of [
  ["the application says do not retry", "non-retryable", (counter) => counter.break("charge", new WorkflowNonRetryableError("card refused"))],
  ["a rule says so", "by-hand", (counter) => counter.break("charge", new RangeError("odd amount"))],
]) {
  test(`a run is parked when ${what}`, async (t) => {
    const redrive = await startRedriveFor(t, { rules: [{ name: "by-hand", when: { error: "RangeError" }, action: "park" }] });
    const { counter, url } = await hostOrder(t);
    provoke(counter);
    const failed = await trigger(url, redrive, { retries: 1, retryDelay: "1000" });

    const { result } = await dealtWith(redrive);

    assert.deepEqual([result.outcome, result.reason, result.rule], ["parked", "rule", rule]);
    assert.equal((await failedEntry(qstash, failed)).workflowRunId, failed);
    assert.deepEqual(await qstash.requests().then((all) => all.filter(({ path }) => path.includes("dlq/re"))), []);
  });
}

test("a run whose code changed before the failed step is parked, for a resume can never work", async (t) => {
  const redrive = await startRedriveFor(t, {});
  let deployed = "v1";
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        await context.run(`reserve-${deployed}`, () => 1);
        await context.run("charge", () => {
          deployed = "v2";
          throw new Error("broken");
        });
      },
    },
  });
  await trigger(`${app.url}/order`, redrive);

  const { result } = await dealtWith(redrive, 2);

  assert.deepEqual([result.outcome, result.rule, result.attempt], ["parked", "incompatible-step", 1]);
  assert.equal((await entries()).length, 1);
});

test("a step that says when to come back is waited for", async (t) => {
  const redrive = await startRedriveFor(t, {});
  const { counter, url } = await hostOrder(t);
  counter.break("charge", new WorkflowRetryAfterError("busy", 120));
  await trigger(url, redrive);
  await qstash.waitFor(({ kind }) => kind === "dlq_entry");
  counter.mend("charge");

  const { runId, headers } = await revived();

  assert.equal(seconds(Object.entries(headers).find(([name]) => name.toLowerCase() === "upstash-delay")[1]), 120);
  await runSucceeds(qstash, runId);
});

test("callbacks are delivered again while the API is down, and the run is resumed once it is up", async (t) => {
  const redrive = await startRedriveFor(t, {});
  const { counter, url } = await hostOrder(t);
  const match = { pathPrefix: "/v2/workflows/dlq/" };
  await qstash.addFaults([{ match, times: 3, fault: { status: 503 } }]);
  counter.break("charge");
  const failed = await trigger(url, redrive, { retries: 3, retryDelay: "1000" });
  const { dlqId } = await qstash.waitFor(({ kind }) => kind === "dlq_entry");
  counter.mend("charge");

  const { runId, fromRunId } = await revived();

  assert.equal(fromRunId, failed);
  await runSucceeds(qstash, runId);
  await qstash.waitFor(({ kind, dlqId: done }) => kind === "callback_done" && done === dlqId);
  const statuses = (await events("callback_sent")).map(({ status }) => status);
  assert.deepEqual(statuses, [503, 503, 200]);
  assert.equal((await events("resumed")).length, 1);
});

for (const [name, value] of [
  ["callback-dlq-id", "absent"],
  ["callback-run-id-header", "original"],
  ["source-header", "string"],
  ["created-at", "string"],
]) {
  test(`the loop does not depend on ${name}: ${value} is as good`, async (t) => {
    const redrive = await startRedriveFor(t, { max_attempts: 2 });
    await qstash.setSwitches({ [name]: value });
    t.after(() => qstash.setSwitches(defaults));
    const defaults = { "callback-dlq-id": "present", "callback-run-id-header": "new", "source-header": "list", "created-at": "number" };
    const { counter, url } = await hostOrder(t);
    counter.break("charge");
    await trigger(url, redrive);

    const { result } = await dealtWith(redrive, 3);

    assert.deepEqual([result.outcome, result.reason, result.attempt], ["parked", "attempts_exhausted", 2]);
    const [{ workflowRunId, dlqId }] = await entries();
    assert.equal(workflowRunId, result.runId);
    await callbackReaches(qstash, dlqId, "CALLBACK_SUCCESS");
  });
}
