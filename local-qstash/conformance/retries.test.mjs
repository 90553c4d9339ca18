/** Retries: how often, how long apart, what steers them and what stops them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WorkflowNonRetryableError, WorkflowRetryAfterError } from "@upstash/workflow";
import { startLocalQstash } from "../../tests/support/local-qstash.mjs";
import {
  clientOf,
  decode,
  failedEntry,
  host,
  poll,
  retryWaits,
  runReaches,
  runSucceeds,
  startRecorder,
  stepCounter,
  useLocalQstash,
} from "./harness.mjs";

/** What every answer of a workflow endpoint carries. */
const SDK = { "upstash-workflow-sdk-version": "1" };

const qstash = useLocalQstash();

/** A route whose only step fails until it has been tried `failures` times. */
function flaky(failures, error = () => new Error("not yet")) {
  const seen = [];
  const route = async (context) =>
    context.run("flaky", () => {
      seen.push(context.retried);
      if (seen.length <= failures) throw error();
      return "done";
    });
  return { seen, route };
}

/** An endpoint that refuses the first delivery with the answer and ends well on the second. */
async function refuseOnce(t, answer) {
  const times = [];
  const recorder = await startRecorder((request, index) => {
    times.push(performance.now());
    return index === 0 ? { ...answer, headers: { ...SDK, ...answer.headers } } : { headers: SDK };
  });
  t.after(recorder.stop);
  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${recorder.url}/endpoint`, failureUrl: "http://127.0.0.1:9/" });
  await recorder.waitFor(2);
  return { recorder, waited: await retryWaits(qstash, workflowRunId), elapsed: times[1] - times[0] };
}

test("a step that fails twice is retried and sees its count", async (t) => {
  const { seen, route } = flaky(2);
  const app = await host(t, qstash, { routes: { "/flaky": route } });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/flaky`, retryDelay: "1000" });

  assert.equal(await runSucceeds(qstash, workflowRunId), "done");
  assert.deepEqual(seen, [0, 1, 2]);
  const first = app.deliveries.slice(0, 3);
  assert.deepEqual(first.map(({ headers }) => headers["upstash-retried"] ?? "0"), ["0", "1", "2"]);
  assert.deepEqual(first.map(({ status }) => status), [500, 500, 200]);
  assert.equal(new Set(first.map(({ headers }) => headers["upstash-message-id"])).size, 1);
});

test("by default a delivery is retried three times, about 12 s, 148 s and 30 min apart", async (t) => {
  const { seen, route } = flaky(Infinity);
  const app = await host(t, qstash, { routes: { "/flaky": route } });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/flaky` });

  const entry = await failedEntry(qstash, workflowRunId);
  assert.deepEqual(seen, [0, 1, 2, 3]);
  assert.equal(entry.maxRetries, 3);
  const seconds = (await retryWaits(qstash, workflowRunId)).map((ms) => Math.floor(ms / 1000));
  assert.deepEqual(seconds, [12, 148, 1808]);
});

for (const retries of [0, 1]) {
  test(`retries: ${retries} is honoured for later steps too`, async (t) => {
    const counter = stepCounter();
    counter.break("second");
    const app = await host(t, qstash, {
      routes: {
        "/order": async (context) => {
          await context.run("first", counter.step("first"));
          await context.run("second", counter.step("second"));
        },
      },
    });

    const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/order`, retries, retryDelay: "1000" });

    const entry = await failedEntry(qstash, workflowRunId);
    assert.deepEqual(counter.runs, { first: 1, second: 1 + retries });
    assert.equal(entry.maxRetries, retries);
  });
}

test("a retry delay expression is evaluated with the number of retries so far", async (t) => {
  const { route } = flaky(3);
  const app = await host(t, qstash, { routes: { "/flaky": route } });

  const retryDelay = "(pow(2, retried) + 1) * 1000";
  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/flaky`, retryDelay });

  await runSucceeds(qstash, workflowRunId);
  assert.deepEqual(await retryWaits(qstash, workflowRunId), [2000, 3000, 5000]);
});

test("a non-retryable error goes straight to the dead letter queue", async (t) => {
  const { seen, route } = flaky(Infinity, () => new WorkflowNonRetryableError("card refused"));
  const app = await host(t, qstash, { routes: { "/flaky": route } });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/flaky` });

  const entry = await failedEntry(qstash, workflowRunId);
  assert.deepEqual(seen, [0]);
  assert.equal(entry.responseStatus, 489);
  assert.deepEqual(entry.responseHeader["Upstash-Nonretryable-Error"] ?? entry.responseHeader["Upstash-NonRetryable-Error"], ["true"]);
  const body = entry.responseBody ?? decode(entry.responseBodyBase64);
  assert.equal(JSON.parse(body).message, "card refused");
});

test("status 489 without its header is retried like any other failure", async (t) => {
  const { recorder } = await refuseOnce(t, { status: 489 });
  assert.equal(recorder.requests.length, 2);
});

test("a redirect is a failure, not followed", async (t) => {
  const { recorder } = await refuseOnce(t, { status: 302, headers: { location: "/elsewhere" } });
  assert.ok(recorder.requests.every(({ path }) => path === "/endpoint"));
});

test("WorkflowRetryAfterError sets the wait and still spends a retry", async (t) => {
  const { seen, route } = flaky(2, () => new WorkflowRetryAfterError("busy", 60));
  const app = await host(t, qstash, { routes: { "/flaky": route } });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/flaky`, retries: 1 });

  await failedEntry(qstash, workflowRunId);
  assert.deepEqual(seen, [0, 1]);
  assert.deepEqual(await retryWaits(qstash, workflowRunId), [60_000]);
});

for (const header of ["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Reset-Requests", "X-RateLimit-Reset-Tokens"]) {
  for (const [format, value, expected] of [
    ["seconds", () => "90", 90_000],
    ["a Go duration", () => "1m30s", 90_000],
    ["an RFC 1123 date", () => new Date(Date.now() + 90_000).toUTCString(), undefined],
  ]) {
    test(`${header} as ${format} sets the wait`, async (t) => {
      const { waited } = await refuseOnce(t, { status: 503, headers: { [header]: value() } });
      if (expected !== undefined) assert.deepEqual(waited, [expected]);
      else assert.ok(waited[0] > 85_000 && waited[0] <= 90_000, `waits ${waited[0]} ms`);
    });
  }
}

test("Retry-After: 0 retries at once", async (t) => {
  const { waited, elapsed } = await refuseOnce(t, { status: 429, headers: { "retry-after": "0" } });
  assert.deepEqual(waited, [0]);
  assert.ok(elapsed < 1000, `${elapsed} ms`);
});

test("a Retry-After above one day falls back to the normal wait", async (t) => {
  const { waited } = await refuseOnce(t, { status: 429, headers: { "retry-after": "90000" } });
  assert.equal(Math.floor(waited[0] / 1000), 12);
});

test("an unreachable destination uses up its retries and becomes an entry", async () => {
  const { workflowRunId } = await clientOf(qstash).trigger({ url: "http://127.0.0.1:9/gone", retries: 2, retryDelay: "1000" });

  const entry = await failedEntry(qstash, workflowRunId);

  assert.equal(entry.workflowUrl, "http://127.0.0.1:9/gone");
  const events = await qstash.timeline();
  const attempts = events.filter(({ kind, messageId }) => kind === "delivery" && messageId === entry.messageId);
  assert.equal(attempts.length, 3);
});

test("a delivery over the time limit fails, and the late result of the step is refused", async (t) => {
  const impatient = await startLocalQstash({ deliveryTimeout: "200ms" });
  t.after(impatient.stop);
  let release;
  const slow = new Promise((resolve) => (release = resolve));
  const app = await host(t, impatient, { routes: { "/slow": async (context) => context.run("slow", () => slow) } });

  const { workflowRunId } = await clientOf(impatient).trigger({ url: `${app.url}/slow`, retries: 0, failureUrl: "http://127.0.0.1:9/" });
  await runReaches(impatient, workflowRunId, "RUN_FAILED");
  release("too late");

  const refused = await poll(async () => {
    const requests = await impatient.requests();
    return requests.find(({ path, status }) => path === "/v2/batch" && status === 400);
  });
  assert.equal(refused.method, "POST");
});
