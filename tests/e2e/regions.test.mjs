/** Two regions side by side in one Worker: keys, tokens and addresses of their own. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { clientOf, host, poll, stepCounter } from "../../local-qstash/conformance/harness.mjs";
import { startLocalQstash } from "../support/local-qstash.mjs";
import { startRedrive } from "../support/redrive.mjs";
import { NO_BACKOFF, assertOutcome, assertRefused, deliverTo } from "./harness.mjs";

const credentialsOf = (name) => ({ token: `token-${name}`, currentKey: `sig_current_${name}`, nextKey: `sig_next_${name}` });
const EU = { prefix: "EU_CENTRAL_1_", region: "EU-CENTRAL-1", credentials: credentialsOf("eu") };
const US = { prefix: "US_EAST_1_", region: "US-EAST-1", credentials: credentialsOf("us") };
const REGIONS = [EU, US];

const qstash = new Map();
let redrive;

before(async () => {
  const secrets = {};
  const vars = { POLICY: { backoff: NO_BACKOFF, settle: "0s" }, SWEEP_AFTER: "1ms" };
  for (const { prefix, region, credentials } of REGIONS) {
    const server = await startLocalQstash({ region, credentials, seed: prefix.length });
    qstash.set(region, server);
    secrets[`${prefix}QSTASH_TOKEN`] = credentials.token;
    secrets[`${prefix}QSTASH_CURRENT_SIGNING_KEY`] = credentials.currentKey;
    secrets[`${prefix}QSTASH_NEXT_SIGNING_KEY`] = credentials.nextKey;
    vars[`${prefix}QSTASH_URL`] = server.url;
  }
  redrive = await startRedrive({ secrets: { ...secrets, ADMIN_TOKEN: "operator" }, vars, ledger: true, isPublic: true });
});

beforeEach(async () => {
  for (const server of qstash.values()) await server.reset();
  await redrive.logs();
});

after(async () => {
  await redrive?.stop();
  for (const server of qstash.values()) await server.stop();
});

const events = async ({ region }, kind) => (await qstash.get(region).timeline()).filter((event) => event.kind === kind);

/** What a region's API was asked to resume; nobody may have come with another region's token. */
async function resumes({ region }) {
  const requests = await qstash.get(region).requests();
  for (const { headers, path } of requests) assert.equal(headers.authorization, "present", `${region} ${path}`);
  return requests.filter(({ method }) => method === "POST").map(({ path }) => path);
}

test("EU and US callbacks into one Worker: each is resumed in its own region and completes there", async (t) => {
  const failed = [];
  const counters = [];
  for (const where of REGIONS) {
    const server = qstash.get(where.region);
    const counter = stepCounter();
    counters.push(counter);
    counter.break("charge");
    const app = await host(t, server, {
      routes: { "/order": async (context) => void (await context.run("charge", counter.step("charge", where.region))) },
    });
    const { workflowRunId } = await clientOf(server).trigger({ url: `${app.url}/order`, retries: 0, failureUrl: redrive.url });
    failed.push(workflowRunId);
    await server.waitFor(({ kind }) => kind === "dlq_entry");
    counter.mend("charge");
  }
  for (const [n, where] of REGIONS.entries()) {
    const server = qstash.get(where.region);
    const { runId, fromRunId } = await server.waitFor(({ kind }) => kind === "resumed");
    assert.equal(fromRunId, failed[n]);
    await server.waitFor((event) => event.kind === "run_completed" && event.runId === runId);
    assert.equal((await events(where, "resumed")).length, 1);
    await server.waitFor(({ kind }) => kind === "callback_done");
    const { dlqId } = await server.waitFor(({ kind }) => kind === "dlq_entry");
    const revived = (await resumes(where)).filter((path) => path.startsWith("/v2/workflows/dlq"));
    assert.deepEqual(revived, [`/v2/workflows/dlq/resume/${dlqId}`]);
  }
});

/** A callback as a region signs it. */
async function deliver(where, by, entry) {
  const { dlqId, workflowRunId: runId } = entry;
  return deliverTo(redrive, { dlqId, runId, headers: { "Upstash-Region": where.region }, sign: { key: by.credentials.currentKey } });
}

test("a callback that another region's key has signed is refused, and costs nothing", async () => {
  for (const [where, other] of [[EU, US], [US, EU]]) {
    const entry = await qstash.get(where.region).plant();
    assertRefused(await deliver(where, other, entry), 401, "signature_mismatch");
    assertRefused(await deliver(other, where, entry), 401, "signature_mismatch");
    assert.deepEqual([await resumes(EU), await resumes(US)], [[], []]);
    const answer = JSON.parse((await deliver(where, where, entry)).text);
    assert.equal(answer.outcome, "resumed");
    assert.deepEqual(await resumes(where), [`/v2/workflows/dlq/resume/${entry.dlqId}`]);
    assert.deepEqual(await resumes(other), []);
    for (const server of qstash.values()) await server.reset();
  }
});

test("a callback for a run of another account is gone", async () => {
  const entry = await qstash.get(EU.region).plant();
  const { dlqId, workflowRunId: runId } = entry;
  const answer = await deliver(US, US, entry);
  assertOutcome(answer, { outcome: "gone", rule: "transient", runId, dlqId, rootRunId: runId, attempt: 0, ...told(answer) });
  assert.deepEqual([await resumes(EU), await resumes(US)], [[], [`/v2/workflows/dlq/resume/${dlqId}`]]);
});

/** Fields that others may add to outcomes. */
function told({ text }) {
  const { outcome, rule, runId, dlqId, rootRunId, attempt, ...others } = JSON.parse(text);
  assert.ok([outcome, rule, runId, dlqId, rootRunId, attempt].every((field) => field !== undefined), text);
  return others;
}

test("a callback without a region, or of one that is not set, is refused where every account has one", async () => {
  const { dlqId, workflowRunId: runId } = await qstash.get(EU.region).plant();
  for (const headers of [{}, { "Upstash-Region": "MOON-1" }]) {
    const answer = await deliverTo(redrive, { dlqId, runId, headers, sign: { key: EU.credentials.currentKey } });
    assert.equal(answer.status, 401, answer.text);
  }
});

test("the sweep looks after both regions, each with its own token", async () => {
  const planted = new Map();
  for (const where of REGIONS) {
    const entry = { failureCallback: `${redrive.url}/`, failureFunctionState: "CALLBACK_FAIL" };
    planted.set(where, await qstash.get(where.region).plant(entry));
  }
  const reports = await redrive.sweep();
  assert.deepEqual(
    reports.map(({ region, outcomes }) => [region, outcomes]),
    [["EU_CENTRAL_1", { resumed: 1 }], ["US_EAST_1", { resumed: 1 }]],
  );
  for (const where of REGIONS) assert.deepEqual(await resumes(where), [`/v2/workflows/dlq/resume/${planted.get(where).dlqId}`]);
  // The new runs call their own regions' keys to witness.
  for (const where of REGIONS) {
    const [{ runId }] = await events(where, "resumed");
    const server = qstash.get(where.region);
    await poll(async () => (await server.timeline()).some((event) => event.kind === "delivery" && event.runId === runId));
  }
});

test("one region whose token is wrong does not keep the other from its sweep", async () => {
  await qstash.get(EU.region).addFaults([{ match: { pathPrefix: "/v2/workflows/dlq" }, times: 1, fault: { status: 401, body: "{}" } }]);
  const entry = { failureCallback: `${redrive.url}/`, failureFunctionState: "CALLBACK_FAIL" };
  for (const where of REGIONS) await qstash.get(where.region).plant(entry);
  const [eu, us] = await redrive.sweep();
  assert.deepEqual([eu.stopped, us.outcomes], ["token_refused", { resumed: 1 }]);
  const asked = await redrive.send("/v1/sweep?region=eu-central-1", { method: "POST", headers: { Authorization: "Bearer operator" } });
  assert.deepEqual(JSON.parse(asked.text).sweeps.map(({ region, outcomes }) => [region, outcomes]), [["EU_CENTRAL_1", { resumed: 1 }]]);
  const nobody = await redrive.send("/v1/sweep?region=default", { method: "POST", headers: { Authorization: "Bearer operator" } });
  assert.equal(nobody.status, 400);
});
