/** What the policy makes different in the new run: the seven headers of resume and restart. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { RUN_ID } from "../support/callback.mjs";
import { startRecorder } from "../support/net.mjs";
import { NO_BACKOFF, deliverTo, seconds, startFor, useWorld } from "./harness.mjs";

const ALL = {
  retries: 4,
  delay: "90s",
  retry_delay: "1000 * pow(2, retried)",
  flow_control: { key: "redrive", parallelism: 3, rate: 10, period: "1m" },
  label: ["redriven", "night"],
  failure_callback: "https://alerts.example/failed?x=1",
};
const HEADERS = {
  "upstash-retries": "4",
  "upstash-delay": "90s",
  "upstash-retry-delay": "1000 * pow(2, retried)",
  "upstash-flow-control-key": "redrive",
  "upstash-flow-control-value": "parallelism=3, rate=10, period=1m",
  "upstash-label": "redriven,night",
  "upstash-failure-callback": "https://alerts.example/failed?x=1",
};
const world = useWorld({
  policy: {
    backoff: NO_BACKOFF,
    overrides: { retries: 1, label: "always" },
    rules: [
      { name: "all", when: { step: "all" }, action: "resume", overrides: ALL },
      { name: "all-afresh", when: { step: "all-afresh" }, action: "restart", overrides: ALL },
      { name: "one", when: { step: "one" }, action: "resume", overrides: { retries: 0 } },
      { name: "hasty", when: { step: "hasty" }, action: "resume", overrides: { delay: "1s" } },
      { name: "key-only", when: { step: "key-only" }, action: "resume", overrides: { flow_control: { key: "k" } } },
    ],
  },
});

/** The `Upstash-…` headers with which the API was called. */
async function sentFor(options) {
  const answer = await world.deliverPlanted(options);
  assert.equal(answer.status, 200, answer.text);
  const [{ headers }] = await world.qstash.requests();
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("upstash-")));
}

const ours = (attempt, runId) =>
  new RegExp(`^${world.redrive.url.replaceAll(".", "\\.")}/\\?redrive=${attempt}\\.\\d{13}\\.${runId}$`);

for (const [step, action] of [["all", "resume"], ["all-afresh", "restart"]]) {
  test(`${action}: all seven reach the API as the rule says`, async () => {
    const sent = await sentFor({ step });
    assert.deepEqual(sent, HEADERS);
    assert.match((await world.calls())[0], new RegExp(`dlq/${action}/`));
  });
}

test("what a rule leaves open is taken from the policy, and our own URL gets the next failure", async () => {
  const sent = await sentFor({ step: "one" });

  const { "upstash-failure-callback": callback, ...rest } = sent;
  assert.deepEqual(rest, { "upstash-retries": "0", "upstash-label": "always", "upstash-delay": "10s" });
  assert.match(callback, ours(1, "wfr_.+"));
});

test("without overrides only the delay and the callback are sent, so that the run keeps its own settings", async (t) => {
  const redrive = await startFor(t, { vars: { QSTASH_URL: world.qstash.url } });
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();

  await deliverTo(redrive, { dlqId, runId });

  const [{ headers }] = await world.qstash.requests();
  const names = Object.keys(headers).filter((name) => name.startsWith("upstash-"));
  assert.deepEqual(names.toSorted(), ["upstash-delay", "upstash-failure-callback"]);
});

test("a flow control key without limits is sent alone", async () => {
  const sent = await sentFor({ step: "key-only" });
  assert.deepEqual([sent["upstash-flow-control-key"], sent["upstash-flow-control-value"]], ["k", undefined]);
});

test("a step that may still be running gets its time: no delay is below settle, not even a rule's", async () => {
  assert.equal((await sentFor({ step: "hasty" }))["upstash-delay"], "10s");
});

for (const [what, responseHeaders, delay] of [
  ["in seconds", { "Retry-After": ["120"] }, 120],
  ["as a duration", { "Retry-After": ["6m5s"] }, 365],
  ["below settle", { "Retry-After": ["3"] }, 10],
  ["in another header", { "X-RateLimit-Reset": ["45"] }, 45],
  ["more than a day", { "Retry-After": ["9999999"] }, 86_400],
]) {
  test(`the wait that the failed step asked for, ${what}, is the new run's delay`, async (t) => {
    const redrive = await startFor(t, { vars: { QSTASH_URL: world.qstash.url, POLICY: { backoff: NO_BACKOFF, max_elapsed: "48h" } } });
    const { dlqId, workflowRunId: runId } = await world.qstash.plant();
    await deliverTo(redrive, { dlqId, runId, status: 429, responseHeaders });
    const [{ headers }] = await world.qstash.requests();
    assert.equal(seconds(headers["upstash-delay"]), delay);
  });
}

test("back-off doubles with each attempt, with jitter below its ceiling and above settle", async (t) => {
  const redrive = await startFor(t, { vars: { QSTASH_URL: world.qstash.url, POLICY: { backoff: { base: "1m", cap: "10m" } } } });
  for (const [attempt, ceiling] of [[0, 60], [2, 240], [4, 600]]) {
    const delays = [];
    for (let n = 0; n < 10; n += 1) {
      const { dlqId, workflowRunId: runId } = await world.qstash.plant();
      const answer = await deliverTo(redrive, { dlqId, runId, path: `/?redrive=${attempt}.${Date.now()}.${RUN_ID}` });
      delays.push(JSON.parse(answer.text).delaySeconds);
    }
    assert.ok(delays.every((delay) => delay >= 10 && delay <= 10 + ceiling), `${delays}`);
    assert.ok(new Set(delays).size > 1, `runs that failed together must not come back together: ${delays}`);
  }
});

test("the request is what the API documents: no body, the token, the configured path", async (t) => {
  const api = await startRecorder(() => ({ body: '{"workflowRunId":"wfr_new"}' }));
  t.after(api.stop);
  const redrive = await startFor(t, { vars: { QSTASH_URL: `${api.url}/base/` } });

  assert.equal((await deliverTo(redrive)).status, 200);

  const [{ method, path, headers, body }] = api.requests;
  assert.deepEqual([method, path, body], ["POST", "/base/v2/workflows/dlq/resume/1700000000000-0", ""]);
  assert.match(headers.authorization, /^Bearer \S+$/);
  const forwarded = Object.keys(headers).filter((name) => /^(upstash-(signature|message|workflow|caller)|x-)/.test(name));
  assert.deepEqual(forwarded, [], "nothing of the callback is passed on");
});
