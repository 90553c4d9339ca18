/** Every switch does what it says: the same act, seen with each of its values. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLocalQstash } from "../../tests/support/local-qstash.mjs";
import {
  assertError,
  assertRejected,
  clientOf,
  failedEntry,
  host,
  poll,
  rawSteps,
  runSucceeds,
  startRecorder,
  useLocalQstash,
} from "./harness.mjs";

const NEVER = "http://127.0.0.1:9/";
const DEFAULTS = {
  "entry-on-resume": "removed",
  "second-resume": "404",
  "callback-dlq-id": "present",
  "failure-callback-override": "kept",
  "label-override": "replace",
  "bulk-missing-id": "404-all",
  "callback-run-id-header": "new",
  "lazy-fetch": "off",
  "cursor-end": "absent",
  "created-at": "number",
  "source-header": "list",
  "label-field": "both",
  "state-field": "both",
  "list-order": "earliest",
};

const qstash = useLocalQstash();

/** A test that runs once for each value of a switch, with that value set. */
function forEachValue(name, values, body) {
  for (const [value, expected] of Object.entries(values)) {
    test(`${name}=${value}`, async (t) => {
      await qstash.setSwitches({ [name]: value });
      t.after(() => qstash.setSwitches({ [name]: DEFAULTS[name] }));
      await body(t, expected, value);
    });
  }
}

/** The entries as the API shows them, not as the client types them. */
async function entries(query = "") {
  return (await (await qstash.api(`/v2/workflows/dlq${query}`)).json()).messages;
}

/** Fails a run at once and returns its callback and entry. */
async function failedCallback(t, trigger = {}) {
  const recorder = await startRecorder();
  t.after(recorder.stop);
  const { workflowRunId } = await clientOf(qstash).trigger({ url: NEVER, retries: 0, failureUrl: recorder.url, ...trigger });
  const [callback] = await recorder.waitFor(1);
  const entry = await failedEntry(qstash, workflowRunId);
  return { recorder, workflowRunId, entry, callback, body: JSON.parse(callback.body) };
}

/** Resumes the entry with headers and waits for the new run's entry. */
async function resumeAndFail(entry, headers = {}) {
  const response = await qstash.api(`/v2/workflows/dlq/resume/${entry.dlqId}`, { method: "POST", headers });
  const { workflowRunId } = await response.json();
  return failedEntry(qstash, workflowRunId);
}

forEachValue("entry-on-resume", { removed: 0, kept: 1 }, async (t, left) => {
  const { dlqId } = await qstash.plant();
  await clientOf(qstash).dlq.resume(dlqId);
  assert.equal((await entries()).length, left);
});

forEachValue("second-resume", { 404: undefined, "new-run": 1 }, async (t, runs) => {
  await qstash.setSwitches({ "entry-on-resume": "kept" });
  t.after(() => qstash.setSwitches({ "entry-on-resume": "removed" }));
  const client = clientOf(qstash);
  const { dlqId } = await qstash.plant();
  const first = await client.dlq.resume(dlqId);

  if (runs === undefined) return assertRejected(client.dlq.resume(dlqId), 404);
  const second = await client.dlq.resume(dlqId);
  assert.equal(second.workflowRuns.length, runs);
  assert.notEqual(second.workflowRuns[0].workflowRunId, first.workflowRuns[0].workflowRunId);
});

forEachValue("callback-dlq-id", { present: true, absent: false }, async (t, present) => {
  const { body, entry } = await failedCallback(t);
  assert.equal(body.dlqId, present ? entry.dlqId : undefined);
});

forEachValue("failure-callback-override", { kept: "override", dropped: "original" }, async (t, expected) => {
  const override = await startRecorder();
  t.after(override.stop);
  const { recorder, entry } = await failedCallback(t);

  await resumeAndFail(entry, { "Upstash-Failure-Callback": override.url });

  const called = await poll(() => {
    if (override.requests.length === 1) return "override";
    return recorder.requests.length === 2 && "original";
  });
  assert.equal(called, expected);
});

forEachValue("label-override", { replace: ["silver"], append: ["gold", "silver"] }, async (t, labels) => {
  const { entry } = await failedCallback(t, { label: "gold" });
  const again = await resumeAndFail(entry, { "Upstash-Label": "silver" });
  assert.deepEqual(again.labels, labels);
});

forEachValue("bulk-missing-id", { "404-all": 404, "act-on-rest": 200 }, async (t, status) => {
  for (const action of ["resume", "restart"]) {
    const { dlqId } = await qstash.plant();
    const response = await qstash.api(`/v2/workflows/dlq/${action}?dlqIds=${dlqId}&dlqIds=1-1`, { method: "POST" });
    const left = (await entries()).filter((entry) => entry.dlqId === dlqId);
    if (status === 404) {
      await assertError(response, 404);
      assert.equal(left.length, 1);
    } else {
      assert.equal((await response.json()).workflowRuns.length, 1);
      assert.equal(left.length, 0);
    }
  }
});

forEachValue("callback-run-id-header", { new: "new", original: "original" }, async (t, expected) => {
  const { recorder, entry, workflowRunId } = await failedCallback(t);

  const again = await resumeAndFail(entry);

  const [, { headers, body }] = await recorder.waitFor(2);
  const ids = { new: again.workflowRunId, original: workflowRunId };
  assert.equal(headers["upstash-workflow-runid"], ids[expected]);
  assert.equal(JSON.parse(body).workflowRunId, again.workflowRunId, "the body always names the failed run");
});

forEachValue("lazy-fetch", { off: false, on: true }, async (t, lazy) => {
  const app = await host(t, qstash, { routes: { "/order": async (context) => context.run("one", () => 1) } });

  const { workflowRunId } = await clientOf(qstash).trigger({ url: `${app.url}/order` });

  assert.equal(await runSucceeds(qstash, workflowRunId), 1);
  for (const delivery of app.deliveries) {
    if (lazy) assert.equal(delivery.body, "");
    else assert.ok(rawSteps(delivery).length > 0);
  }
  const steps = `/v2/workflows/runs/${workflowRunId}`;
  const fetches = (await qstash.requests()).filter(({ method, path }) => method === "GET" && path === steps);
  assert.equal(fetches.length, lazy ? 2 : 0);
});

forEachValue("cursor-end", { absent: undefined, empty: "" }, async (t, end) => {
  await qstash.plant();
  const list = await (await qstash.api("/v2/workflows/dlq")).json();
  const resume = await (await qstash.api("/v2/workflows/dlq/resume?count=50", { method: "POST" })).json();
  assert.deepEqual([list.cursor, resume.cursor], [end, end]);
});

forEachValue("created-at", { number: "number", string: "string" }, async (t, type) => {
  const { body } = await failedCallback(t);
  assert.equal(typeof body.createdAt, type);
  assert.ok(Math.abs(Number(body.createdAt) - Date.now()) < 60_000);
});

forEachValue("source-header", { list: ["acme"], string: "acme" }, async (t, expected) => {
  const { body } = await failedCallback(t, { headers: { "x-tenant": "acme" } });
  assert.deepEqual(body.sourceHeader["X-Tenant"], expected);
});

forEachValue(
  "label-field",
  { label: ["gold", undefined], labels: [undefined, ["gold", "eu"]], both: ["gold", ["gold", "eu"]] },
  async (t, expected) => {
    await qstash.plant({ labels: ["gold", "eu"] });
    const [{ label, labels }] = await entries();
    assert.deepEqual([label, labels], expected);
  },
);

forEachValue(
  "state-field",
  { failureFunctionState: [true, false], failureCallbackInfo: [false, true], both: [true, true] },
  async (t, expected) => {
    await failedCallback(t);
    const entry = await poll(async () => {
      const [only] = await entries();
      const states = [only.failureFunctionState, only.failureCallbackInfo?.state];
      return states.includes("CALLBACK_SUCCESS") && only;
    });
    assert.deepEqual([entry.failureFunctionState !== undefined, entry.failureCallbackInfo?.state !== undefined], expected);
  },
);

forEachValue("list-order", { earliest: 1, latest: -1 }, async (t, direction) => {
  const planted = [];
  for (let index = 0; index < 3; index += 1) planted.push((await qstash.plant()).dlqId);
  const expected = direction === 1 ? planted : planted.toReversed();

  const first = await clientOf(qstash).dlq.list({ count: 2 });
  const second = await clientOf(qstash).dlq.list({ count: 2, cursor: first.cursor });

  const listed = (await entries()).map(({ dlqId }) => dlqId);
  assert.deepEqual(listed, expected);
  assert.deepEqual([...first.messages, ...second.messages].map(({ dlqId }) => dlqId), expected);
});

test("switches can be set at the start", async (t) => {
  const started = await startLocalQstash({ switches: { "cursor-end": "empty", "label-field": "label" } });
  t.after(started.stop);
  await started.plant({ labels: ["gold", "eu"] });

  const { cursor, messages } = await (await started.api("/v2/workflows/dlq")).json();

  assert.deepEqual([cursor, messages[0].label, messages[0].labels], ["", "gold", undefined]);
});

test("an unknown switch or value is refused, at the start and at run time", async () => {
  await assert.rejects(qstash.setSwitches({ "cursor-ned": "empty" }), /400/);
  await assert.rejects(qstash.setSwitches({ "cursor-end": "maybe" }), /absent, empty/);
  await assert.rejects(startLocalQstash({ switches: { "cursor-end": "maybe" } }), /absent, empty/);
});
