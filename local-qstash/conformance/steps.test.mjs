/** Sequential steps: what is delivered, when, and with which headers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { clientOf, decode, host, poll, rawSteps, runReaches, runSucceeds, stepCounter, useLocalQstash } from "./harness.mjs";

const qstash = useLocalQstash();

test("n run steps make n+1 deliveries and every result reaches the steps after it", async (t) => {
  const counter = stepCounter();
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        const price = await context.run("price", counter.step("price", 40));
        const tax = await context.run("tax", counter.step("tax", { rate: 0.05 }));
        await context.run("ship", counter.step("ship"));
        return { total: price * (1 + tax.rate) };
      },
    },
  });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/order` });

  assert.deepEqual(await runSucceeds(qstash, workflowRunId), { total: 42 });
  assert.deepEqual(counter.runs, { price: 1, tax: 1, ship: 1 });
  assert.equal(app.deliveries.length, 4);
});

test("each delivery lists the steps so far and ends with its own message", async (t) => {
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        await context.run("first", () => "one");
        await context.run("second", () => ({ two: 2 }));
      },
    },
  });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/order`, body: { id: 7 } });
  await runSucceeds(qstash, workflowRunId);

  for (const [index, delivery] of app.deliveries.entries()) {
    const steps = rawSteps(delivery);
    assert.equal(steps.length, index + 1);
    assert.ok(steps.every(({ callType }) => callType === "step"));
    assert.equal(new Set(steps.map(({ messageId }) => messageId)).size, steps.length);
    assert.equal(steps.at(-1).messageId, delivery.headers["upstash-message-id"]);
  }
  const [trigger, first, second] = rawSteps(app.deliveries[2]).map(({ body }) => decode(body));
  assert.deepEqual(JSON.parse(trigger), { id: 7 });
  const { stepId, stepName, stepType, out } = JSON.parse(first);
  assert.deepEqual([stepId, stepName, stepType, out], [1, "first", "Run", '"one"']);
  assert.equal(JSON.parse(second).out, '{"two":2}');
});

for (const [kind, body] of [
  ["an object", { name: "Zoë", tags: ["日本", "😀"] }],
  ["plain text", "grüße, 世界"],
  ["nothing", undefined],
]) {
  test(`${kind} as payload arrives unchanged in every delivery`, async (t) => {
    const seen = [];
    const app = await host(t, qstash, {
      routes: {
        "/echo": async (context) => {
          seen.push(context.requestPayload);
          await context.run("step", () => null);
          return context.requestPayload ?? "none";
        },
      },
    });

    const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/echo`, body });

    assert.deepEqual(await runSucceeds(qstash, workflowRunId), body ?? "none");
    assert.ok(seen.length > 0);
    for (const payload of seen) assert.deepEqual(payload, body);
  });
}

test("a sleep holds back the next delivery for its scaled duration", async (t) => {
  const times = {};
  const app = await host(t, qstash, {
    routes: {
      "/nap": async (context) => {
        await context.run("before", () => void (times.before = performance.now()));
        await context.sleep("nap", "3m");
        await context.run("after", () => void (times.after = performance.now()));
      },
    },
  });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/nap` });
  await runSucceeds(qstash, workflowRunId);

  assertElapsed(times, 180);
});

test("sleepUntil holds back the next delivery until the scaled moment", async (t) => {
  const times = {};
  let until;
  const app = await host(t, qstash, {
    routes: {
      "/nap": async (context) => {
        await context.run("before", () => void (times.before = performance.now()));
        until ??= new Date(Date.now() + 180_000);
        await context.sleepUntil("nap", until);
        await context.run("after", () => void (times.after = performance.now()));
      },
    },
  });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/nap` });
  await runSucceeds(qstash, workflowRunId);

  assertElapsed(times, 178);
});

for (const [option, value] of [
  ["delay", () => "3m"],
  ["delay in seconds", () => 180],
  ["notBefore", () => Math.floor(Date.now() / 1000) + 180],
]) {
  test(`the first delivery honours the trigger's ${option}`, async (t) => {
    const times = {};
    const app = await host(t, qstash, {
      routes: { "/late": async (context) => context.run("step", () => void (times.after = performance.now())) },
    });

    times.before = performance.now();
    const key = option.split(" ")[0];
    const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/late`, [key]: value() });
    await runSucceeds(qstash, workflowRunId);

    assertElapsed(times, 178);
  });
}

test("user headers, labels and the creation time are on every delivery of the run", async (t) => {
  const seen = [];
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        seen.push([context.headers.get("x-tenant"), context.labels, context.workflowRunCreatedAt, context.retried]);
        await context.run("first", () => 1);
        await context.run("second", () => 2);
      },
    },
  });

  const earliest = Date.now();
  const { workflowRunId } = await clientOf(qstash).trigger({
    url: `${app.url}/order`,
    headers: { "x-tenant": "acme" },
    label: ["gold", "eu"],
    body: {},
  });
  await runSucceeds(qstash, workflowRunId);

  const createdAt = seen[0][2];
  assert.ok(createdAt >= earliest && createdAt <= Date.now(), `createdAt ${createdAt}`);
  for (const values of seen) assert.deepEqual(values, ["acme", ["gold", "eu"], createdAt, 0]);
  for (const { headers } of app.deliveries) {
    assert.equal(headers["upstash-workflow-runid"], workflowRunId);
    assert.equal(headers["upstash-workflow-sdk-version"], "1");
    assert.equal(headers["user-agent"], "Upstash-QStash");
    assert.equal(headers["content-type"], "application/json");
  }
});

test("runs triggered in one batch run side by side, in the order of the answer", async (t) => {
  const app = await host(t, qstash, {
    routes: { "/order": async (context) => context.run("echo", () => context.requestPayload) },
  });

  const url = `${app.url}/order`;
  const runs = await clientOf(qstash).trigger([1, 2, 3].map((body) => ({ url, body, workflowRunId: `batch-${body}` })));

  assert.deepEqual(runs.map(({ workflowRunId }) => workflowRunId), ["wfr_batch-1", "wfr_batch-2", "wfr_batch-3"]);
  const results = await Promise.all(runs.map(({ workflowRunId }) => runSucceeds(qstash, workflowRunId)));
  assert.deepEqual(results, [1, 2, 3]);
});

test("a live run id triggered again starts no second run and is reported as deduplicated", async (t) => {
  const counter = stepCounter();
  const app = await host(t, qstash, {
    routes: {
      "/once": async (context) => {
        await context.run("work", counter.step("work"));
        await context.waitForEvent("hold", "release");
      },
    },
  });
  const trigger = { url: `${app.url}/once`, workflowRunId: "same" };
  await clientOf(qstash).trigger(trigger);

  await clientOf(qstash).trigger(trigger);
  const answer = await qstash.api("/v2/batch", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([triggerItem(`${app.url}/once`, "wfr_same")]),
  });

  assert.ok(answer.ok, `status ${answer.status}`);
  const [result] = await answer.json();
  assert.equal(result.deduplicated, true);
  await poll(() => counter.runs.work === 1);
  const { runs } = await clientOf(qstash).logs({ filter: { workflowUrl: `${app.url}/once` } });
  assert.equal(runs.length, 1);
  assert.equal(counter.runs.work, 1);
});

test("a step result whose answer is lost is submitted again but recorded once", async (t) => {
  const counter = stepCounter();
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        const one = await context.run("one", counter.step("one", 1));
        // The SDK submits again within 50 ms; the run must still be live then.
        await context.sleep("nap", "5m");
        return one + (await context.run("two", counter.step("two", 2)));
      },
    },
  });
  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/order`, delay: "1m" });
  await qstash.addFaults([{ match: { method: "POST", pathPrefix: "/v2/batch" }, times: 1, fault: "drop-after" }]);

  assert.equal(await runSucceeds(qstash, workflowRunId), 3);
  assert.deepEqual(counter.runs, { one: 1, two: 1 });
  const submissions = (await qstash.requests()).filter(({ path }) => path === "/v2/batch");
  assert.equal(submissions.length, 5, "the trigger, the first step twice, the sleep, the second step");
  const recorded = (await qstash.timeline()).filter(({ kind }) => kind === "step_recorded");
  assert.deepEqual(recorded.map(({ name }) => name), ["one", "nap", "two"]);
});

test("an append to a run that is over is refused with 400", async (t) => {
  const app = await host(t, qstash, { routes: { "/short": async (context) => context.run("only", () => 1) } });
  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/short` });
  await runReaches(qstash, workflowRunId, "RUN_SUCCESS");

  const late = await qstash.api("/v2/batch", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify([
      {
        ...triggerItem(`${app.url}/short`, workflowRunId, "false"),
        body: JSON.stringify({ stepId: 2, stepName: "late", stepType: "Run", out: "1", concurrent: 1 }),
      },
    ]),
  });

  assert.equal(late.status, 400, await late.text());
  assert.equal((await qstash.api(`/v2/workflows/runs/${workflowRunId}`)).status, 404);
});

function triggerItem(destination, runId, init = "true") {
  return {
    destination,
    headers: {
      "upstash-workflow-init": init,
      "upstash-workflow-runid": runId,
      "upstash-workflow-url": destination,
      "upstash-workflow-sdk-version": "1",
      "upstash-forward-upstash-workflow-sdk-version": "1",
      "upstash-feature-set": "LazyFetch,InitialBody,WF_DetectTrigger,WF_TriggerOnConfig",
      "upstash-method": "POST",
      "content-type": "application/json",
    },
    body: "{}",
  };
}

/** The pause must be at least as long as asked, and not a different order of magnitude. */
function assertElapsed({ before, after }, least) {
  const elapsed = after - before;
  assert.ok(elapsed >= least, `waited ${elapsed} ms, expected at least ${least} ms`);
  assert.ok(elapsed < 20 * least, `waited ${elapsed} ms, expected about ${least} ms`);
}
