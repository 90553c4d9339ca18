/** Failure callbacks: what is sent, how it is signed, and how it is retried, repeated and cancelled. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Receiver } from "@upstash/qstash";
import { WorkflowNonRetryableError } from "@upstash/workflow";
import {
  assertError,
  assertRejected,
  callbackReaches,
  callbackState,
  clientOf,
  decode,
  failedEntry,
  host,
  poll,
  runReaches,
  startRecorder,
  stepCounter,
  useLocalQstash,
} from "./harness.mjs";

const qstash = useLocalQstash();

/** Fails a run in its second step, with the recorder as failure URL, and returns what came of it. */
async function failTo(t, recorder, trigger = {}) {
  t.after(recorder.stop);
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        await context.run("reserve", () => 1);
        await context.run("charge", () => {
          throw new RangeError("limit reached");
        });
      },
    },
  });
  const failureUrl = `${recorder.url}/failed?team=a%20b&n=1`;
  const { workflowRunId } = await clientOf(qstash).trigger({
    url: `${app.url}/order`,
    body: { id: "ö" },
    headers: { "x-tenant": "acme" },
    label: "gold",
    retries: 0,
    failureUrl,
    ...trigger,
  });
  const entry = await failedEntry(qstash, workflowRunId);
  return { app, failureUrl, workflowRunId, entry };
}

test("the callback is signed for the exact URL and for its body", async (t) => {
  const recorder = await startRecorder();
  const { failureUrl } = await failTo(t, recorder);
  const [{ headers, body }] = await recorder.waitFor(1);
  const receiver = new Receiver({ currentSigningKey: qstash.currentKey, nextSigningKey: "unused" });
  const signature = headers["upstash-signature"];

  assert.equal(await receiver.verify({ signature, body, url: failureUrl }), true);
  await assert.rejects(receiver.verify({ signature, body, url: failureUrl.split("?")[0] }), /invalid subject/);
  await assert.rejects(receiver.verify({ signature, body: `${body} `, url: failureUrl }), /body hash does not match/);
});

test("the token carries the documented claims and lives five minutes", async (t) => {
  const recorder = await startRecorder();
  const { failureUrl } = await failTo(t, recorder);
  const [{ headers }] = await recorder.waitFor(1);

  const [header, claims] = headers["upstash-signature"]
    .split(".")
    .slice(0, 2)
    .map((part) => JSON.parse(Buffer.from(part, "base64url").toString("utf8")));

  assert.deepEqual(header, { alg: "HS256", typ: "JWT" });
  assert.deepEqual([claims.iss, claims.sub, claims.nbf], ["Upstash", failureUrl, 0]);
  assert.equal(claims.exp - claims.iat, 300);
  assert.ok(Math.abs(claims.iat - Date.now() / 1000) < 30);
  assert.match(claims.jti, /^jwt_/);
  assert.match(claims.body, /^[\w-]+=*$/);
});

test("headers and body tell which run failed, with what, and for which payload", async (t) => {
  const recorder = await startRecorder();
  const { app, workflowRunId, entry } = await failTo(t, recorder);
  const [{ method, path, headers, body: text }] = await recorder.waitFor(1);
  const body = JSON.parse(text);

  assert.deepEqual([method, path], ["POST", "/failed?team=a%20b&n=1"]);
  assert.equal(headers["upstash-workflow-runid"], workflowRunId);
  assert.equal(headers["upstash-workflow-is-failure"], "true");
  assert.equal(headers["upstash-workflow-failure-callback"], "true");
  assert.equal(headers["upstash-workflow-url"], `${app.url}/order`);
  assert.equal(headers["upstash-workflow-calltype"], "failureCall");
  assert.equal(headers["upstash-workflow-init"], "false");
  assert.match(headers["upstash-message-id"], /^msg_/);
  assert.equal(headers["upstash-retried"] ?? "0", "0");
  assert.equal(headers["x-tenant"], "acme");

  assert.deepEqual([body.workflowRunId, body.dlqId], [workflowRunId, entry.dlqId]);
  assert.equal(Number(body.workflowCreatedAt), Number(entry.workflowCreatedAt));
  assert.deepEqual([body.status, body.url, body.method], [500, `${app.url}/order`, "POST"]);
  assert.deepEqual([body.retried, body.maxRetries], [0, 0]);
  assert.deepEqual(body.header["Upstash-Error-Step-Name"], ["charge"]);
  assert.equal(JSON.parse(decode(body.body)).message, "limit reached");
  assert.deepEqual(JSON.parse(decode(body.sourceBody)), { id: "ö" }, "the initial payload, though a later step failed");
  assert.deepEqual(body.sourceHeader["X-Tenant"], ["acme"]);
  assert.equal(body.sourceMessageId, entry.messageId);
  assert.ok("notBefore" in body && "createdAt" in body);
});

test("the SDK's failureFunction gets the failure of a non-retryable error", async (t) => {
  const failures = [];
  const app = await host(t, qstash, {
    routes: {
      "/order": {
        handler: async (context) => {
          await context.run("charge", () => {
            throw new WorkflowNonRetryableError("card refused");
          });
        },
        failureFunction: async ({ context, failStatus, failResponse, failHeaders }) => {
          failures.push({
            runId: context.workflowRunId,
            payload: context.requestPayload,
            tenant: context.headers.get("x-tenant"),
            failStatus,
            failResponse,
            marked: failHeaders["Upstash-Nonretryable-Error"] ?? failHeaders["Upstash-NonRetryable-Error"],
          });
          return "handled";
        },
      },
    },
  });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/order`, body: { id: 1 }, headers: { "x-tenant": "acme" } });
  const { dlqId } = await failedEntry(qstash, workflowRunId);
  await callbackReaches(qstash, dlqId, "CALLBACK_SUCCESS");

  assert.deepEqual(failures, [
    { runId: workflowRunId, payload: { id: 1 }, tenant: "acme", failStatus: 489, failResponse: "card refused", marked: ["true"] },
  ]);
  const run = await runReaches(qstash, workflowRunId, "RUN_FAILED");
  assert.equal(run.failureFunction.state, "CALLBACK_SUCCESS");
  assert.match(run.failureFunction.responseBody, /handled/);
});

test("a failing callback is retried as often as the run, marks the entry, and can be run again", async (t) => {
  let healthy = false;
  const recorder = await startRecorder(() => ({ status: healthy ? 200 : 500, body: "not now" }));
  const { entry, workflowRunId } = await failTo(t, recorder, { retries: 1, retryDelay: "1000" });
  const client = clientOf(qstash);

  const failed = await callbackReaches(qstash, entry.dlqId, "CALLBACK_FAIL");
  assert.equal(failed.failureCallbackInfo.responseStatus, 500);
  assert.equal(recorder.requests.length, 2);
  assert.deepEqual(recorder.requests.map(({ headers }) => headers["upstash-retried"] ?? "0"), ["0", "1"]);
  assert.equal((await client.dlq.list()).messages.length, 1, "a failed callback makes no second entry");

  healthy = true;
  const run = await client.dlq.retryFailureFunction(entry);
  assert.equal(run.workflowRunId, workflowRunId);
  await callbackReaches(qstash, entry.dlqId, "CALLBACK_SUCCESS");
  assert.equal(recorder.requests.length, 3);
  assert.deepEqual(JSON.parse(recorder.requests[2].body).dlqId, entry.dlqId);

  await assertRejected(client.dlq.retryFailureFunction(entry), 400);
  await assertRejected(client.dlq.retryFailureFunction({ dlqId: "1-1" }), 404);
});

test("an answer of 489 with its header stops the retries of the callback", async (t) => {
  const recorder = await startRecorder(() => ({ status: 489, headers: { "upstash-nonretryable-error": "true" } }));
  const { entry } = await failTo(t, recorder, { retries: 3, retryDelay: "1000" });

  await callbackReaches(qstash, entry.dlqId, "CALLBACK_FAIL");

  assert.equal(recorder.requests.length, 1);
});

test("Retry-After of a callback's answer sets the wait before its retry", async (t) => {
  const times = [];
  const recorder = await startRecorder((_, index) => {
    times.push(performance.now());
    return index === 0 ? { status: 503, headers: { "retry-after": "200" } } : {};
  });
  const { entry } = await failTo(t, recorder, { retries: 1, retryDelay: "1000" });

  await callbackReaches(qstash, entry.dlqId, "CALLBACK_SUCCESS");

  const elapsed = times[1] - times[0];
  assert.ok(elapsed >= 195 && elapsed < 4000, `${elapsed} ms`);
});

test("a callback in progress can be cancelled: 302, no further attempts", async (t) => {
  const recorder = await startRecorder(() => ({ status: 503, headers: { "retry-after": "600" } }));
  const { entry } = await failTo(t, recorder, { retries: 1 });
  await recorder.waitFor(1);
  await poll(async () => (await clientOf(qstash).dlq.list()).messages.some((m) => callbackState(m) === "CALLBACK_INPROGRESS"));

  const response = await qstash.api(`/v2/workflows/dlq/callback/${entry.dlqId}`, { method: "DELETE", redirect: "manual" });

  assert.equal(response.status, 302);
  await callbackReaches(qstash, entry.dlqId, "CALLBACK_CANCELED");
  const later = await clientOf(qstash).trigger({ url: "http://127.0.0.1:9/", retries: 0, delay: "11m" });
  await failedEntry(qstash, later.workflowRunId);
  assert.equal(recorder.requests.filter(({ body }) => JSON.parse(body).dlqId === entry.dlqId).length, 1);
});

test("cancelling is 404 without an entry and 400 without a callback in progress", async (t) => {
  const { entry } = await failTo(t, await startRecorder());
  await callbackReaches(qstash, entry.dlqId, "CALLBACK_SUCCESS");
  const cancel = (dlqId) => qstash.api(`/v2/workflows/dlq/callback/${dlqId}`, { method: "DELETE", redirect: "manual" });

  await assertError(await cancel("1-1"), 404);
  await assertError(await cancel(entry.dlqId), 400);
});

test("a resumed run that fails again calls the same failure URL with its own ids", async (t) => {
  const recorder = await startRecorder();
  const { entry, workflowRunId } = await failTo(t, recorder);
  await recorder.waitFor(1);

  const { workflowRuns } = await clientOf(qstash).dlq.resume(entry.dlqId);

  const [, second] = await recorder.waitFor(2);
  const body = JSON.parse(second.body);
  assert.equal(body.workflowRunId, workflowRuns[0].workflowRunId);
  assert.notEqual(body.workflowRunId, workflowRunId);
  assert.notEqual(body.dlqId, entry.dlqId);
});

test("a run that succeeds after a retry calls no failure URL", async (t) => {
  const recorder = await startRecorder();
  t.after(recorder.stop);
  const counter = stepCounter();
  counter.break("once");
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        if (context.retried > 0) counter.mend("once");
        return context.run("once", counter.step("once", 1));
      },
    },
  });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/order`, failureUrl: recorder.url, retryDelay: "1000" });

  await runReaches(qstash, workflowRunId, "RUN_SUCCESS");
  assert.equal(recorder.requests.length, 0);
});
