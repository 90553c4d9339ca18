/** The sweep in real workerd: callbacks that never come, beside those that do. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { WorkflowNonRetryableError } from "@upstash/workflow";
import { clientOf, host, poll, useLocalQstash } from "../../local-qstash/conformance/harness.mjs";
import { startRecorder } from "../support/net.mjs";
import { DEV_SECRETS } from "../support/redrive.mjs";
import { NO_BACKOFF, startFor, useWorld } from "./harness.mjs";

const RUNS = 200;

/** Another matter: all these failures are of one target. */
const NO_BREAKER = Object.freeze({ enabled: false });

const lossy = useLocalQstash({ seed: 4 });

test("5 % of callbacks never arrive: after the sweep every run is resumed or parked with a reason, none twice", async (t) => {
  const redrive = await startFor(t, {
    ledger: true,
    isPublic: true,
    vars: {
      QSTASH_URL: lossy.url,
      POLICY: { settle: "1s", backoff: NO_BACKOFF, breaker: NO_BREAKER },
      SWEEP_AFTER: "3s",
      SWEEP_CALLS: "60",
    },
  });
  // Every run fails once; of every tenth the application says that it is not to be tried again.
  const failed = new Set();
  const app = await host(t, lossy, {
    routes: {
      "/order": async (context) => {
        const { n } = context.requestPayload;
        await context.run("charge", () => {
          if (failed.has(n)) return n;
          failed.add(n);
          if (n % 10 === 0) throw new WorkflowNonRetryableError("card refused");
          throw new Error("the bank does not answer");
        });
      },
    },
  });
  await lossy.loseCallbacks({ percent: 5 });
  const runs = [];
  let sweeps = 0;
  const reports = [];
  const sweep = async () => {
    sweeps += 1;
    reports.push(...(await redrive.sweep()));
  };
  const trigger = async (from, to) => {
    const items = [];
    for (let n = from; n < to; n += 1) {
      items.push({ url: `${app.url}/order`, body: { n }, retries: 0, failureUrl: `${redrive.url}/?team=a` });
    }
    for (const { workflowRunId } of await clientOf(lossy).trigger(items)) runs.push(workflowRunId);
  };
  for (let from = 0; from < RUNS; from += 25) {
    await trigger(from, from + 25);
    await sweep();
    // Half of those that are lost are given up by QStash in the end, of the others it goes on to say that they are on their way.
    if (from === 100) await lossy.loseCallbacks({ percent: 5, state: "CALLBACK_FAIL" });
  }
  const of = (events, kind) => events.filter((event) => event.kind === kind);
  await poll(
    async () => {
      const events = await lossy.timeline();
      const ended = of(events, "callback_done").length + of(events, "callback_lost").length;
      return ended >= RUNS;
    },
    { timeout: 60_000, what: "every callback to be delivered or lost" },
  );
  // Sweeps go on until nothing is left to do: first the callbacks that may still come must have had their time.
  await poll(
    async () => {
      await sweep();
      const { left, outcomes, untried, stopped } = reports.at(-1);
      return !left.waiting && untried === 0 && Object.keys(outcomes).length === 0 && !stopped;
    },
    { timeout: 60_000, what: "a sweep with nothing left to do", explain: () => JSON.stringify(reports.slice(-3)) },
  );

  const events = await lossy.timeline();
  const lost = new Set(of(events, "callback_lost").map(({ runId }) => runId));
  const resumed = of(events, "resumed").map(({ fromRunId }) => fromRunId);
  assert.equal(new Set(resumed).size, resumed.length, "none twice");
  const fates = { resumed: 0, parked: 0 };
  for (const [n, runId] of runs.entries()) {
    const [known, ...others] = await recoveries(redrive, runId);
    assert.deepEqual([others.length, known?.conclusion?.runId], [0, runId], `run ${n}`);
    const { outcome, reason, rule } = known.conclusion;
    fates[outcome] += 1;
    if (n % 10 === 0) assert.deepEqual([outcome, reason, rule], ["parked", "rule", "non-retryable"]);
    else assert.deepEqual([outcome, resumed.includes(runId)], ["resumed", true]);
  }
  assert.deepEqual(fates, { resumed: RUNS * 0.9, parked: RUNS * 0.1 });
  const completed = await poll(async () => {
    const done = new Set(of(await lossy.timeline(), "run_completed").map(({ runId }) => runId));
    return done.size === RUNS * 0.9 && done;
  });
  for (const { runId } of of(events, "resumed")) assert.ok(completed.has(runId), "every resumed run ends well");

  const swept = reports.reduce((sum, { outcomes }) => sum + (outcomes.resumed ?? 0) + (outcomes.parked ?? 0), 0);
  assert.ok(lost.size >= 5, `${lost.size} lost`);
  assert.equal(swept, lost.size, "the sweep has dealt with those that were lost, and with no others");
  for (const { calls } of reports) assert.ok(calls <= 60, `${calls} calls`);
  t.diagnostic(`${RUNS} runs, ${lost.size} callbacks lost; ${sweeps} sweeps: ${swept} taken up, ${RUNS - lost.size} by their callbacks`);
});

/** What the ledger knows of the lineage of a run. */
async function recoveries(redrive, runId) {
  const shards = await Promise.all([0, 1, 2, 3].map((n) => redrive.tell(`shard-${n}`, { do: "lineage", runId })));
  return shards.flatMap(({ recoveries }) => recoveries);
}

const world = useWorld({ ledger: true, isPublic: true, policy: { settle: "0s" }, vars: { SWEEP_AFTER: "1ms" } });
const plant = (entry) =>
  world.qstash.plant({ failureCallback: `${world.redrive.url}/?team=a`, failureFunctionState: "CALLBACK_FAIL", ...entry });
const resumes = async () => (await world.calls()).filter((call) => call.startsWith("POST"));

for (const switches of [
  { "state-field": "failureFunctionState" },
  { "state-field": "failureCallbackInfo" },
  { "created-at": "string", "label-field": "label" },
  { "list-order": "latest", "cursor-end": "empty" },
]) {
  test(`entries are found in every spelling: ${JSON.stringify(switches)}`, async () => {
    await world.qstash.setSwitches(switches);
    await plant({ labels: ["orders"] });
    await plant({ failureFunctionState: "CALLBACK_SUCCESS" });
    await plant({ failureCallback: "https://shop.example/failed" });
    const [{ outcomes, left }] = await world.redrive.sweep();
    assert.deepEqual([outcomes, left], [{ resumed: 1 }, { delivered: 1, foreign: 1 }]);
    assert.equal((await resumes()).length, 1);
  });
}

test("a callback that comes after the sweep gets its outcome", async () => {
  const { dlqId, workflowRunId: runId } = await plant();
  await world.redrive.sweep();
  const answer = await world.deliver({ path: "/?team=a", dlqId, runId });
  const { outcome, duplicate, attempt } = JSON.parse(answer.text);
  assert.deepEqual([answer.status, outcome, duplicate, attempt], [200, "resumed", true, 1]);
  assert.equal((await resumes()).length, 1);
});

test("a run that was resumed keeps its count of attempts when its own callback is lost", async () => {
  const first = Date.now() - 60_000;
  const { dlqId } = await plant({ failureCallback: `${world.redrive.url}/?team=a&redrive=4.${first}.wfr_root` });
  await plant({ failureCallback: `${world.redrive.url}/?redrive=5.${first}.wfr_root2` });
  await plant({ failureCallback: `${world.redrive.url}/?redrive=five.${first}.wfr_root3` });
  const [{ outcomes, reasons }] = await world.redrive.sweep();
  assert.deepEqual([outcomes, reasons], [{ resumed: 1, parked: 2 }, { attempts_exhausted: 1, malformed_lineage: 1 }]);
  const [event, ...others] = (await world.qstash.timeline()).filter(({ kind }) => kind === "resumed");
  assert.deepEqual([event.dlqId, others.length], [dlqId, 0]);
  const headers = Object.fromEntries(Object.entries(event.headers).map(([name, value]) => [name.toLowerCase(), value]));
  assert.equal(headers["upstash-failure-callback"], `${world.redrive.url}/?team=a&redrive=5.${first}.wfr_root`);
});

/** A queue of entries that need help. `onResume` is told how many were resumed, this one included. */
async function startQueue(t, { count, own, onResume = () => {} }) {
  const at = Date.now() - 60_000;
  const waiting = new Map(Array.from({ length: count }, (_, n) => [`${at}-${n}`, n]));
  const resumed = [];
  const api = await startRecorder(async ({ method, path }) => {
    const id = path.split("?")[0].split("/").at(-1);
    if (id === "dlq") {
      const messages = [...waiting].map(([dlqId, n]) => ({
        dlqId,
        workflowRunId: `wfr_${n}`,
        workflowUrl: "https://shop.example/order",
        responseStatus: 500,
        failureCallback: own(),
        failureFunctionState: "CALLBACK_FAIL",
      }));
      return { body: JSON.stringify({ messages }) };
    }
    if (method !== "POST" || !waiting.delete(id)) return { status: 404, body: '{"error":"not found"}' };
    resumed.push(id);
    await onResume(resumed.length);
    return { body: JSON.stringify({ workflowRunId: `wfr_new_${id}`, workflowCreatedAt: Date.now() }) };
  });
  t.after(api.stop);
  return { url: api.url, resumed, waiting };
}

test("workerd is killed in the middle of a sweep: the next goes on, and none is resumed twice", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "ledger-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  let redrive, killed;
  const queue = await startQueue(t, {
    count: 12,
    own: () => `${redrive.url}/`,
    onResume: (count) => {
      if (count === 5) killed = redrive.kill();
      return killed;
    },
  });
  redrive = await startFor(t, {
    ledger: folder,
    isPublic: true,
    secrets: { ...DEV_SECRETS, ADMIN_TOKEN: "operator" },
    vars: { QSTASH_URL: queue.url, API_TIMEOUT: "100ms", POLICY: { settle: "0s", breaker: NO_BREAKER } },
  });
  await assert.rejects(redrive.sweep());
  await killed;
  // The lease of the one that was killed holds for some minutes: the clock's next sweep does not run beside it.
  const [{ stopped }] = await redrive.sweep();
  assert.equal(stopped, "busy");
  for (let n = 0; n < 3 && queue.waiting.size > 0; n += 1) await ask(redrive, "");
  assert.equal(queue.waiting.size, 0);
  assert.equal(new Set(queue.resumed).size, 12);
  assert.equal(queue.resumed.length, 12);
});

const ask = (redrive, query, method = "POST", token = "operator") =>
  redrive.send(`/v1/sweep${query}`, { method, headers: { Authorization: `Bearer ${token}` } });

test("who may ask can try a sweep first, and see what it would do", async (t) => {
  let redrive;
  const queue = await startQueue(t, { count: 3, own: () => `${redrive.url}/` });
  // Without PUBLIC_URL: the address of the request is ours.
  const options = {
    secrets: { ...DEV_SECRETS, ADMIN_TOKEN: "operator" },
    vars: { QSTASH_URL: queue.url, POLICY: { settle: "0s" } },
  };
  redrive = await startFor(t, { ...options, ledger: true });
  const dry = JSON.parse((await ask(redrive, "?dry_run=true")).text).sweeps[0];
  assert.deepEqual([dry.dryRun, dry.outcomes, dry.entries.length], [true, { resume: 3 }, 3]);
  assert.deepEqual(
    dry.entries.map(({ runId, decision, rule }) => [runId, decision, rule]),
    [0, 1, 2].map((n) => [`wfr_${n}`, "resume", "transient"]),
  );
  assert.deepEqual(queue.resumed, []);
  assert.deepEqual(await redrive.sweep().then(([{ stopped }]) => stopped), "no_public_url");
  const filtered = JSON.parse((await ask(redrive, "?workflowRunId=wfr_1")).text).sweeps[0];
  assert.deepEqual([filtered.outcomes, filtered.left], [{ resumed: 1 }, { other: 2 }]);
  const all = JSON.parse((await ask(redrive, "")).text).sweeps[0];
  assert.deepEqual(all.outcomes, { resumed: 2 });
  assert.equal(queue.resumed.length, 3);

  assert.equal((await ask(redrive, "", "POST", "guess")).status, 401);
  assert.equal((await ask(redrive, "?lable=x")).status, 400);
  assert.equal((await ask(redrive, "", "DELETE")).headers.allow, "GET, POST");
  assert.deepEqual(JSON.parse((await ask(redrive, "", "GET")).text), { accounts: [] });

  const memory = await startFor(t, options);
  assert.equal((await ask(memory, "")).status, 501);
  assert.equal((await ask(memory, "?dry_run=true")).status, 200);
  const closed = await startFor(t, { vars: options.vars, ledger: true });
  assert.equal((await ask(closed, "")).status, 404);
});

test("the last sweep by the clock can be looked at", async (t) => {
  let redrive;
  const queue = await startQueue(t, { count: 2, own: () => `${redrive.url}/` });
  redrive = await startFor(t, {
    ledger: true,
    isPublic: true,
    secrets: { ...DEV_SECRETS, ADMIN_TOKEN: "operator" },
    vars: { QSTASH_URL: queue.url, POLICY: { settle: "0s" } },
  });
  await Promise.all([redrive.sweep(), redrive.sweep()]);
  assert.equal(queue.resumed.length, 2);
  const { accounts } = JSON.parse((await ask(redrive, "", "GET")).text);
  assert.deepEqual([accounts.length, accounts[0].account, accounts[0].report.pages], [1, "default", 1]);
});
