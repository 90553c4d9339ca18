/** Steps in which the server does the work: third-party calls, child workflows, events, webhooks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkflowNonRetryableError } from "@upstash/workflow";
import {
  clientOf,
  decode,
  host,
  poll,
  runReaches,
  runSucceeds,
  startRecorder,
  stepCounter,
  useLocalQstash,
} from "./harness.mjs";

const qstash = useLocalQstash();

/** Runs a route that makes one call to the recorder and returns what the step returned. */
async function callOnce(t, answer, settings = {}) {
  const third = await startRecorder(answer);
  t.after(third.stop);
  const app = await host(t, qstash, {
    routes: { "/call": async (context) => context.call("ask", { url: `${third.url}/ask?x=1`, ...settings }) },
  });
  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/call`, headers: { "x-private": "1" } });
  return { third, app, result: await runSucceeds(qstash, workflowRunId) };
}

test("context.call sends method, headers and body and returns the answer", async (t) => {
  const { third, result } = await callOnce(
    t,
    () => ({ status: 201, headers: { "content-type": "application/json", "x-trace": "t1" }, body: '{"ok":"ja, größer"}' }),
    { method: "PUT", headers: { "x-key": "k" }, body: { q: "日本" } },
  );

  const [request] = third.requests;
  assert.equal(third.requests.length, 1);
  assert.deepEqual([request.method, request.path, request.headers["x-key"]], ["PUT", "/ask?x=1", "k"]);
  assert.deepEqual(JSON.parse(request.body), { q: "日本" });
  assert.equal(request.headers["x-private"], undefined, "the run's own headers stay away from third parties");
  assert.equal(result.status, 201);
  assert.deepEqual(result.body, { ok: "ja, größer" });
  assert.deepEqual(new Headers(result.header).get("x-trace"), "t1");
});

test("a failing call without retries is an answer, not a failed run", async (t) => {
  const { third, result } = await callOnce(t, () => ({ status: 500, headers: { "content-type": "text/plain" }, body: "broken" }));

  assert.equal(third.requests.length, 1);
  assert.deepEqual([result.status, result.body], [500, "broken"]);
});

test("a call is retried as often as asked and the last answer counts", async (t) => {
  const { third, result } = await callOnce(
    t,
    (_, index) => ({ status: index < 2 ? 503 : 200, headers: { "content-type": "text/plain" }, body: `try ${index}` }),
    { retries: 2, retryDelay: "1000" },
  );

  assert.equal(third.requests.length, 3);
  assert.deepEqual([result.status, result.body], [200, "try 2"]);
});

test("the result of a call is delivered without the SDK version, so that the SDK reads it as a callback", async (t) => {
  const { app } = await callOnce(t, () => ({ body: "ok" }));

  const callback = app.deliveries.find(({ headers }) => headers["upstash-workflow-callback"]);
  assert.equal(callback.headers["upstash-workflow-sdk-version"], undefined);
  assert.equal(decode(JSON.parse(callback.body).body), "ok");
});

test("calls and runs mix in one parallel group", async (t) => {
  const third = await startRecorder(() => ({ headers: { "content-type": "text/plain" }, body: "pong" }));
  t.after(third.stop);
  const counter = stepCounter();
  const app = await host(t, qstash, {
    routes: {
      "/mix": async (context) => {
        const [call, run] = await Promise.all([
          context.call("ping", { url: third.url }),
          context.run("work", counter.step("work", "done")),
        ]);
        return [call.body, run];
      },
    },
  });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/mix` });

  assert.deepEqual(await runSucceeds(qstash, workflowRunId), ["pong", "done"]);
  assert.deepEqual([third.requests.length, counter.runs.work], [1, 1]);
});

/** Hosts a parent that invokes `child` and returns what the step returned. */
async function invoke(t, child) {
  const app = await host(t, qstash, {
    invokable: {
      parent: async (context, { child: workflow }) =>
        context.invoke("call child", { workflow, body: { from: "parent" }, headers: { "x-tenant": "acme" }, retries: 0 }),
      child,
    },
  });
  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/flows/parent` });
  return { app, workflowRunId, result: await runSucceeds(qstash, workflowRunId) };
}

test("context.invoke runs the child with its own payload and headers and returns its result", async (t) => {
  const { app, workflowRunId, result } = await invoke(t, async (context) => {
    const tenant = await context.run("tenant", () => context.headers.get("x-tenant"));
    return { tenant, payload: context.requestPayload };
  });

  assert.deepEqual(result.body, { tenant: "acme", payload: { from: "parent" } });
  assert.ok(!result.isFailed && !result.isCanceled);
  const { runs } = await clientOf(qstash).logs({ filter: { workflowUrl: `${app.url}/flows/child` } });
  assert.equal(runs[0].invoker.workflowRunId, workflowRunId);
});

test("a failed child is reported to the parent, which goes on", async (t) => {
  const { result } = await invoke(t, async (context) => {
    await context.run("boom", () => {
      throw new WorkflowNonRetryableError("child failed");
    });
  });

  assert.equal(result.isFailed, true);
});

test("a canceled child is reported to the parent, which goes on", async (t) => {
  const { result } = await invoke(t, async (context) => {
    await context.run("one", () => 1);
    await context.cancel();
  });

  assert.equal(result.isCanceled, true);
});

/** Starts a run that waits for the event; resolves once it waits. */
async function waiting(t, eventId, options) {
  const app = await host(t, qstash, {
    routes: { "/wait": async (context) => context.waitForEvent("hold", eventId, options) },
  });
  const client = clientOf(qstash);
  const { workflowRunId } = await client.trigger({ url: `${app.url}/wait` });
  await poll(async () => (await client.getWaiters({ eventId })).length === 1);
  return { app, client, workflowRunId };
}

for (const [kind, eventData] of [
  ["an object", { paid: true, note: "größer" }],
  ["text", "just text"],
]) {
  test(`notify wakes a waiting run with ${kind}`, async (t) => {
    const { app, client, workflowRunId } = await waiting(t, "paid");

    const notified = await client.notify({ eventId: "paid", eventData });

    assert.equal(notified.length, 1);
    assert.equal(notified[0].waiter.url, `${app.url}/wait`);
    const { timeout, eventData: received } = await runSucceeds(qstash, workflowRunId);
    assert.equal(timeout, false);
    assert.deepEqual(received, eventData);
    assert.deepEqual(await client.getWaiters({ eventId: "paid" }), []);
  });
}

test("notify wakes every waiter of the event and no other", async (t) => {
  const route = (eventId) => async (context) => (await context.waitForEvent("hold", eventId)).timeout;
  const app = await host(t, qstash, { routes: { "/a": route("same"), "/b": route("same"), "/c": route("other") } });
  const client = clientOf(qstash);
  const [a, b, c] = await client.trigger(["a", "b", "c"].map((path) => ({ url: `${app.url}/${path}` })));
  await poll(async () => (await client.getWaiters({ eventId: "same" })).length === 2);
  await poll(async () => (await client.getWaiters({ eventId: "other" })).length === 1);

  assert.equal((await client.notify({ eventId: "same" })).length, 2);

  assert.equal(await runSucceeds(qstash, a.workflowRunId), false);
  assert.equal(await runSucceeds(qstash, b.workflowRunId), false);
  await runReaches(qstash, c.workflowRunId, "RUN_STARTED");
});

test("a wait that nobody ends times out", async (t) => {
  const { workflowRunId } = await waiting(t, "never", { timeout: "5m" });

  const { timeout, eventData } = await runSucceeds(qstash, workflowRunId);

  assert.equal(timeout, true);
  assert.equal(eventData, undefined);
});

test("a notify before the wait is lost without a run id and kept with one", async (t) => {
  const app = await host(t, qstash, {
    routes: {
      "/wait": async (context) => {
        await context.sleep("not yet", "2m");
        const kept = await context.waitForEvent("kept", "kept", { timeout: "5m" });
        const lost = await context.waitForEvent("lost", "lost", { timeout: "1m" });
        return { kept: kept.eventData, lost: lost.timeout };
      },
    },
  });
  const client = clientOf(qstash);
  const { workflowRunId } = await client.trigger({ url: `${app.url}/wait` });

  await client.notify({ eventId: "kept", eventData: "early", workflowRunId });
  assert.deepEqual(await client.notify({ eventId: "lost", eventData: "early" }), []);

  assert.deepEqual(await runSucceeds(qstash, workflowRunId), { kept: "early", lost: true });
});

test("one run can notify another", async (t) => {
  const { client, workflowRunId } = await waiting(t, "handover");
  const app = await host(t, qstash, {
    routes: { "/notify": async (context) => (await context.notify("tell", "handover", { n: 1 })).notifyResponse.length },
  });

  const notifier = await client.trigger({ url: `${app.url}/notify` });

  assert.equal(await runSucceeds(qstash, notifier.workflowRunId), 1);
  assert.deepEqual((await runSucceeds(qstash, workflowRunId)).eventData, { n: 1 });
});

test("events end waits inside a parallel group", async (t) => {
  const counter = stepCounter();
  const app = await host(t, qstash, {
    routes: {
      "/mix": async (context) => {
        const [event, work] = await Promise.all([
          context.waitForEvent("hold", "both"),
          context.run("work", counter.step("work", 2)),
        ]);
        return [event.eventData, work];
      },
    },
  });
  const client = clientOf(qstash);
  const { workflowRunId } = await client.trigger({ url: `${app.url}/mix` });
  await poll(async () => (await client.getWaiters({ eventId: "both" })).length === 1);

  await client.notify({ eventId: "both", eventData: "now" });

  assert.deepEqual(await runSucceeds(qstash, workflowRunId), ["now", 2]);
  assert.equal(counter.runs.work, 1);
});

/** A route that creates a webhook, publishes its address, and waits for it to be called. */
function hookRoute(addresses) {
  return async (context) => {
    const webhook = await context.createWebhook("create");
    await context.run("publish", () => void addresses.push(webhook.webhookUrl));
    const { timeout, request } = await context.waitForWebhook("hold", webhook, "5m");
    if (timeout) return { timeout };
    return { timeout, method: request.method, kind: request.headers.get("x-kind"), body: await request.text() };
  };
}

test("a call of a webhook's address, without a token, wakes its run with the whole request", async (t) => {
  const addresses = [];
  const app = await host(t, qstash, { routes: { "/hook": hookRoute(addresses) } });
  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/hook` });
  await poll(() => addresses.length === 1);

  const response = await fetch(addresses[0], { method: "PUT", headers: { "x-kind": "paid" }, body: "größer" });

  assert.ok(response.ok, `status ${response.status}`);
  assert.deepEqual(await runSucceeds(qstash, workflowRunId), { timeout: false, method: "PUT", kind: "paid", body: "größer" });
});

test("a webhook that nobody calls times out", async (t) => {
  const app = await host(t, qstash, { routes: { "/hook": hookRoute([]) } });
  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/hook` });
  assert.deepEqual(await runSucceeds(qstash, workflowRunId), { timeout: true });
});
