/** The control API: faults, the record of requests, the timeline, planting and resetting. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertRejected, clientOf, failedEntry, host, runSucceeds, startRecorder, useLocalQstash } from "./harness.mjs";

const NEVER = "http://127.0.0.1:9/";
const qstash = useLocalQstash();
const LIST = { method: "GET", pathPrefix: "/v2/dlq" };

test("a status fault answers so many matching requests and no others", async () => {
  const fault = { status: 503, headers: { "retry-after": "7" }, body: '{"error":"maintenance"}' };
  await qstash.addFaults([{ match: LIST, times: 2, fault }]);

  assert.equal((await qstash.api("/v2/keys")).status, 200);
  const faulty = await qstash.api("/v2/dlq?source=workflow");
  assert.deepEqual([faulty.status, faulty.headers.get("retry-after"), await faulty.text()], [503, "7", '{"error":"maintenance"}']);
  await assertRejected(clientOf(qstash).dlq.list(), 503, /maintenance/);
  assert.deepEqual((await clientOf(qstash).dlq.list()).messages, []);
});

test("a delay fault holds the answer back", async () => {
  await qstash.addFaults([{ match: LIST, times: 1, fault: { delayMs: 150 } }]);
  const before = performance.now();
  await clientOf(qstash).dlq.list();
  assert.ok(performance.now() - before >= 145);
});

for (const [fault, acted] of [
  ["drop-before", false],
  ["drop-after", true],
]) {
  test(`${fault} breaks the connection with the work ${acted ? "done" : "undone"}`, async () => {
    const { dlqId } = await qstash.plant();
    await qstash.addFaults([{ match: { method: "POST", pathPrefix: "/v2/workflows/dlq/resume" }, times: 1, fault }]);

    await assert.rejects(qstash.api(`/v2/workflows/dlq/resume/${dlqId}`, { method: "POST" }), TypeError);

    const { messages } = await clientOf(qstash).dlq.list();
    assert.equal(messages.length, acted ? 0 : 1);
  });
}

test("requests are recorded in order with what was asked and answered", async () => {
  await qstash.plant();
  await clientOf(qstash).dlq.list({ count: 5 });
  await qstash.api("/v2/workflows/dlq/resume/1-1", { method: "POST", headers: { "Upstash-Retries": "2" }, body: "12345" });

  const [list, resume] = await qstash.requests();

  assert.deepEqual([list.method, list.path, list.status], ["GET", "/v2/dlq", 200]);
  assert.match(JSON.stringify(list.query), /count/);
  assert.deepEqual([resume.method, resume.path, resume.status], ["POST", "/v2/workflows/dlq/resume/1-1", 404]);
  assert.equal(resume.headers["upstash-retries"], "2");
  assert.equal(resume.bodySize, 5);
});

test("failure callbacks are lost as often as asked for, and their entries show what they are told to", async () => {
  const fail = async (count) => {
    const seen = (await qstash.timeline()).length;
    const items = Array.from({ length: count }, () => ({ url: NEVER, retries: 0, failureUrl: NEVER }));
    await clientOf(qstash).trigger(items);
    await qstash.waitFor((_, all) => all.filter(({ kind, seq }) => kind === "dlq_entry" && seq > seen).length === count);
    return (await qstash.timeline(seen)).filter(({ kind }) => kind === "callback_lost");
  };
  assert.equal((await fail(3)).length, 0);
  await qstash.loseCallbacks({ percent: 100 });
  const [lost] = await fail(1);
  assert.equal((await failedEntry(qstash, lost.runId)).failureCallbackInfo.state, "CALLBACK_INPROGRESS");
  await qstash.loseCallbacks({ percent: 50, state: "CALLBACK_FAIL" });
  const some = await fail(40);
  assert.ok(some.length > 10 && some.length < 30, `${some.length} of 40`);
  assert.equal((await failedEntry(qstash, some[0].runId)).failureCallbackInfo.state, "CALLBACK_FAIL");
  for (const bad of [{ percent: 101 }, { percent: 5, state: "LOST" }, {}]) await assert.rejects(qstash.loseCallbacks(bad), /400/);
});

test("the timeline tells the story of a run, its failure and its resume in order", async (t) => {
  const recorder = await startRecorder();
  t.after(recorder.stop);
  let broken = true;
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) =>
        context.run("charge", () => {
          if (broken) throw new Error("broken");
          return 1;
        }),
    },
  });
  const client = clientOf(qstash);
  const { workflowRunId } = await client.trigger({ url: `${app.url}/order`, retries: 1, retryDelay: "1000", failureUrl: recorder.url });
  const { dlqId } = await failedEntry(qstash, workflowRunId);
  await qstash.waitFor(({ kind }) => kind === "callback_done");
  broken = false;
  const { workflowRuns } = await client.dlq.resume(dlqId);
  await runSucceeds(qstash, workflowRuns[0].workflowRunId);

  const events = await qstash.timeline();
  const kinds = events.map(({ kind }) => kind);
  const story = ["run_triggered", "delivery", "retry_scheduled", "delivery", "run_failed", "dlq_entry", "callback_sent",
    "callback_done", "resumed", "step_recorded", "delivery", "run_completed"];
  let from = 0;
  for (const kind of story) {
    const at = kinds.indexOf(kind, from);
    assert.ok(at >= 0, `${kind} after ${kinds.slice(0, from)} in ${kinds}`);
    from = at + 1;
  }
  assert.deepEqual(events.map(({ seq }) => seq), events.map(({ seq }) => seq).toSorted((a, b) => a - b));
  assert.equal(events.find(({ kind }) => kind === "dlq_entry").dlqId, dlqId);
  assert.equal(events.find(({ kind }) => kind === "retry_scheduled").inMs, 1000);
  const [, second] = events;
  assert.deepEqual(await qstash.timeline(second.seq), events.filter(({ seq }) => seq > second.seq));
});

test("entries can be planted in numbers, and a planted one resumed calls its URL", async (t) => {
  const recorder = await startRecorder(() => ({ headers: { "upstash-workflow-sdk-version": "1" } }));
  t.after(recorder.stop);
  const { dlqId, workflowRunId } = await qstash.plant({ workflowUrl: `${recorder.url}/planted` });
  assert.match(workflowRunId, /^wfr_/);

  await clientOf(qstash).dlq.resume(dlqId);

  const [delivery] = await recorder.waitFor(1);
  assert.equal(delivery.path, "/planted");
  await qstash.plant({ count: 7 });
  assert.equal((await clientOf(qstash).dlq.list()).messages.length, 7);
});

test("reset forgets runs, entries, events, requests, faults and pending deliveries", async (t) => {
  const recorder = await startRecorder();
  t.after(recorder.stop);
  const client = clientOf(qstash);
  await client.trigger({ url: recorder.url, delay: "2m" });
  await qstash.plant();
  await qstash.addFaults([{ match: { pathPrefix: "/v2/keys" }, times: 1, fault: { status: 500 } }]);

  await qstash.reset();

  assert.deepEqual(await qstash.timeline(), []);
  assert.deepEqual(await qstash.requests(), []);
  assert.equal((await qstash.api("/v2/keys")).status, 200);
  assert.deepEqual((await client.dlq.list()).messages, []);
  assert.deepEqual((await client.logs()).runs, []);
  const later = await client.trigger({ url: NEVER, delay: "3m", retries: 0 });
  await failedEntry(qstash, later.workflowRunId);
  assert.equal(recorder.requests.length, 0);
});
