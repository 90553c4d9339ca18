/** Parallel steps: plans, joining, and resuming only what has no result. */
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  clientOf,
  decode,
  failedEntry,
  host,
  poll,
  rawSteps,
  runSucceeds,
  stepCounter,
  useLocalQstash,
} from "./harness.mjs";

const qstash = useLocalQstash();

/** Waits until the live run has the results of these steps, so that a failure elsewhere cannot overtake them. */
async function resultsOf(runId, names) {
  await poll(async () => {
    const response = await qstash.api(`/v2/workflows/runs/${runId}`);
    if (response.status === 404) return true; // another branch has failed the run already
    const steps = (await response.json()).slice(1).map(({ body }) => JSON.parse(decode(body)));
    const done = steps.filter(({ stepId }) => stepId > 0).map(({ stepName }) => stepName);
    return names.every((name) => done.includes(name));
  });
}

/** Three branches of which `failing` fail, each only after the others are recorded; then a joining step. */
function branchingRoute(counter, names, failing) {
  const steady = names.filter((name) => !failing.includes(name));
  return async (context) => {
    await context.run("prepare", counter.step("prepare"));
    const results = await Promise.all(
      names.map((name) =>
        context.run(name, async () => {
          if (failing.includes(name)) await resultsOf(context.workflowRunId, steady);
          return counter.step(name, name.toUpperCase())();
        }),
      ),
    );
    return context.run("join", counter.step("join", results.join("")));
  };
}

test("parallel branches run once each and join in order", async (t) => {
  const counter = stepCounter();
  const app = await host(t, qstash, {
    routes: {
      "/fan": async (context) => {
        const results = await Promise.all([
          context.run("a", counter.step("a", 1)),
          context.run("b", counter.step("b", 2)),
          context.sleep("nap", "1m"),
          context.run("c", counter.step("c", 3)),
        ]);
        return context.run("join", counter.step("join", results.filter(Boolean)));
      },
    },
  });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/fan` });

  assert.deepEqual(await runSucceeds(qstash, workflowRunId), [1, 2, 3]);
  assert.deepEqual(counter.runs, { a: 1, b: 1, c: 1, join: 1 });
});

test("each plan is delivered as the last entry of its own list", async (t) => {
  const app = await host(t, qstash, {
    routes: { "/fan": async (context) => Promise.all(["a", "b", "c"].map((name) => context.run(name, () => name))) },
  });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/fan` });
  await runSucceeds(qstash, workflowRunId);

  const plans = app.deliveries
    .slice(1)
    .map((delivery) => ({ delivery, own: JSON.parse(decode(rawSteps(delivery).at(-1).body)) }))
    .filter(({ own }) => own.targetStep !== undefined);
  assert.deepEqual(plans.map(({ own }) => [own.stepId, own.stepName, own.targetStep]).sort(), [
    [0, "a", 1],
    [0, "b", 2],
    [0, "c", 3],
  ]);
  for (const { delivery } of plans) {
    assert.equal(rawSteps(delivery).at(-1).messageId, delivery.headers["upstash-message-id"]);
  }
});

test("a run goes through several parallel groups, one after the other", async (t) => {
  const counter = stepCounter();
  const app = await host(t, qstash, {
    routes: {
      "/fan": async (context) => {
        const pair = (prefix) =>
          Promise.all([1, 2].map((n) => context.run(`${prefix}${n}`, counter.step(`${prefix}${n}`, n))));
        const first = await pair("x");
        await context.run("between", counter.step("between"));
        const second = await pair("y");
        return [...first, ...second];
      },
    },
  });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/fan` });

  assert.deepEqual(await runSucceeds(qstash, workflowRunId), [1, 2, 1, 2]);
  assert.deepEqual(counter.runs, { x1: 1, x2: 1, between: 1, y1: 1, y2: 1 });
});

for (const lazy of ["off", "on"]) {
  test(`a failed branch alone runs again on resume, with lazy fetch ${lazy}`, async (t) => {
    await qstash.setSwitches({ "lazy-fetch": lazy });
    t.after(() => qstash.setSwitches({ "lazy-fetch": "off" }));
    const counter = stepCounter();
    counter.break("b");
    const app = await host(t, qstash, { routes: { "/fan": branchingRoute(counter, ["a", "b", "c"], ["b"]) } });
    const client = clientOf(qstash);
    const failed = await client.trigger({ url: `${app.url}/fan`, retries: 0 });
    const { dlqId } = await failedEntry(qstash, failed.workflowRunId);
    assert.deepEqual(counter.runs, { prepare: 1, a: 1, c: 1, b: 1 });

    counter.mend("b");
    const { workflowRuns } = await client.dlq.resume(dlqId);

    assert.equal(await runSucceeds(qstash, workflowRuns[0].workflowRunId), "ABC");
    assert.deepEqual(counter.runs, { prepare: 1, a: 1, c: 1, b: 2, join: 1 });
  });
}

test("several failed branches make one entry, and all of them run again on resume", async (t) => {
  const counter = stepCounter();
  counter.break("b");
  counter.break("c");
  const app = await host(t, qstash, { routes: { "/fan": branchingRoute(counter, ["a", "b", "c"], ["b", "c"]) } });
  const client = clientOf(qstash);
  const failed = await client.trigger({ url: `${app.url}/fan`, retries: 0 });
  const { dlqId } = await failedEntry(qstash, failed.workflowRunId);
  await poll(() => counter.runs.b === 1 && counter.runs.c === 1);

  counter.mend("b");
  counter.mend("c");
  const { workflowRuns } = await client.dlq.resume(dlqId);

  assert.equal(await runSucceeds(qstash, workflowRuns[0].workflowRunId), "ABC");
  assert.deepEqual(counter.runs, { prepare: 1, a: 1, b: 2, c: 2, join: 1 });
});

test("a branch that waited for an event when its group failed waits again after a resume", async (t) => {
  const counter = stepCounter();
  counter.break("work");
  const client = clientOf(qstash);
  const waiting = async () => (await client.getWaiters({ eventId: "both" })).length === 1;
  const app = await host(t, qstash, {
    routes: {
      "/mix": async (context) => {
        const [event, work] = await Promise.all([
          context.waitForEvent("hold", "both"),
          context.run("work", async () => {
            // Once: in the resumed run the event may have ended the wait before this step gets here.
            if (counter.runs.work === undefined) await poll(waiting);
            return counter.step("work", 2)();
          }),
        ]);
        return [event.eventData, work];
      },
    },
  });
  const failed = await client.trigger({ url: `${app.url}/mix`, retries: 0 });
  const { dlqId } = await failedEntry(qstash, failed.workflowRunId);
  assert.equal(await waiting(), false, "a failed run waits for nothing");

  counter.mend("work");
  const { workflowRuns } = await client.dlq.resume(dlqId);
  await poll(waiting);
  await client.notify({ eventId: "both", eventData: "now" });

  assert.deepEqual(await runSucceeds(qstash, workflowRuns[0].workflowRunId), ["now", 2]);
  assert.equal(counter.runs.work, 2);
});

test("a parallel group completes under lazy fetch", async (t) => {
  await qstash.setSwitches({ "lazy-fetch": "on" });
  t.after(() => qstash.setSwitches({ "lazy-fetch": "off" }));
  const counter = stepCounter();
  const app = await host(t, qstash, { routes: { "/fan": branchingRoute(counter, ["a", "b"], []) } });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/fan` });

  assert.equal(await runSucceeds(qstash, workflowRunId), "AB");
  assert.ok(app.deliveries.every(({ body }) => body === ""), "deliveries carry no body");
  assert.deepEqual(counter.runs, { prepare: 1, a: 1, b: 1, join: 1 });
});
