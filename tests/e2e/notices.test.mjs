/** Notices in real workerd: an outage is a notice and a summary, and a webhook that is down loses nothing. */
import assert from "node:assert/strict";
import { createHmac, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { poll, startRecorder } from "../support/net.mjs";
import { assertRefused, deliverTo, startFor, startWorld } from "./harness.mjs";

const SECRET = randomBytes(32);
const POLICY = { max_attempts: 0 };

/** A Worker that gives everything up at once, and tells a recorder so. `ledger` as for `startRedrive`. */
async function startTelling(t, { webhook, ledger = true, ...vars }) {
  const world = await startWorld({
    ledger,
    policy: POLICY,
    vars: { NOTIFY_URL: `${webhook.url}/hook`, NOTIFY_SECRET: `whsec_${SECRET.toString("base64")}`, ...vars },
  });
  t.after(world.stop);
  return world;
}

/** Gives up so many runs, a few at a time. */
async function giveUp(world, runs) {
  let left = runs;
  const next = async () => {
    while (left > 0) {
      left -= 1;
      const answer = await world.deliverPlanted({ status: 503 });
      assert.equal(JSON.parse(answer.text).reason, "attempts_exhausted", answer.text);
    }
  };
  await Promise.all(Array.from({ length: 8 }, next));
}

/** Verifies a request as Standard Webhooks says, and returns what it tells. */
function verified({ headers, body, path, method }) {
  assert.deepEqual([method, path, headers["content-type"]], ["POST", "/hook", "application/json"]);
  const { "webhook-id": id, "webhook-timestamp": sent, "webhook-signature": signature } = headers;
  const mac = createHmac("sha256", SECRET).update(`${id}.${sent}.${body}`).digest("base64");
  assert.equal(signature, `v1,${mac}`);
  assert.ok(Math.abs(Number(sent) - Date.now() / 1000) < 60);
  const notice = JSON.parse(body);
  assert.equal(notice.id, id);
  return notice;
}

const counted = (notices) => notices.reduce((sum, { count }) => sum + count, 0);

test("an outage of 500 runs with one fingerprint is at most 3 notices, which count them all", async (t) => {
  const webhook = await startRecorder();
  t.after(webhook.stop);
  const world = await startTelling(t, { webhook, NOTIFY_WINDOW: "30s" });
  await giveUp(world, 500);
  await poll(() => counted(webhook.requests.map(verified)) >= 500, { timeout: 90_000, what: "all to be told" });
  const notices = webhook.requests.map(verified);
  t.diagnostic(`${notices.length} notices: ${notices.map(({ count }) => count).join(" + ")}`);
  assert.ok(notices.length <= 3, `${notices.length} notices`);
  assert.equal(counted(notices), 500);
  const [first] = notices;
  assert.deepEqual([first.kind, first.count, first.reason, first.status, first.rule], ["gave_up", 1, "attempts_exhausted", 503, "transient"]);
  assert.equal(first.target, "https://shop.example/order");
  assert.equal(first.history.length, 1, "with what was done about the run");
  assert.equal(first.history[0].conclusion.outcome, "parked");
});

test("a webhook that is down, and a Worker that is killed meanwhile, lose no notice", async (t) => {
  const folder = await mkdtemp(join(tmpdir(), "notices-"));
  t.after(() => rm(folder, { recursive: true }));
  let isDown = true;
  const webhook = await startRecorder((request) => ({ status: (request.status = isDown ? 503 : 200) }));
  t.after(webhook.stop);
  const world = await startTelling(t, { webhook, ledger: folder, NOTIFY_ON: "gave_up, first_failure", NOTIFY_WINDOW: "1s" });
  for (const path of ["a", "b", "c"]) await world.deliverPlanted({ url: `https://shop.example/${path}`, status: 503 });
  await webhook.waitFor(2);
  await world.redrive.kill();
  isDown = false;
  await world.deliverPlanted({ url: "https://shop.example/d", status: 503 });
  // Each of the two kinds tells of all four runs.
  const told = (wanted) => counted(taken(webhook).filter(({ kind }) => kind === wanted));
  await poll(() => told("gave_up") >= 4 && told("first_failure") >= 4, {
    timeout: 60_000,
    what: "all to be told",
    explain: () => JSON.stringify(taken(webhook)),
  });
  const seen = taken(webhook).map(({ id }) => id);
  assert.equal(new Set(seen).size, seen.length, "each is taken once");
  function taken({ requests }) {
    return requests.filter(({ status }) => status === 200).map(verified);
  }
});

test("a chat gets words", async (t) => {
  const chat = await startRecorder();
  t.after(chat.stop);
  const world = await startWorld({ ledger: true, policy: POLICY, vars: { NOTIFY_SLACK_URL: `${chat.url}/services/T0/B0/x` } });
  t.after(world.stop);
  await world.deliverPlanted({ status: 503, runId: undefined });
  const [{ path, body }] = await chat.waitFor(1);
  const { text, blocks } = JSON.parse(body);
  assert.equal(path, "/services/T0/B0/x");
  assert.equal(text, "A run is left for a person: https://shop.example/order");
  assert.match(blocks[1].elements[0].text, /^status 503 · reason attempts_exhausted · rule transient · /);
});

test("nothing secret is told: no payload, no message, no header, no token", async (t) => {
  const webhook = await startRecorder();
  t.after(webhook.stop);
  const world = await startTelling(t, { webhook, NOTIFY_SLACK_URL: `${webhook.url}/hook` });
  const secret = "top-secret-thing";
  await world.deliverPlanted({
    status: 503,
    url: `https://shop.example/order?token=${secret}`,
    payload: secret,
    response: { error: "Error", message: secret, stack: secret },
    headers: { Authorization: secret },
  });
  await webhook.waitFor(2);
  for (const { body } of webhook.requests) assert.ok(!body.includes(secret) && !body.includes(Buffer.from(secret).toString("base64")), body);
});

test("without a ledger there is nobody to tell, and the setting says so", async (t) => {
  const redrive = await startFor(t, { vars: { NOTIFY_SLACK_URL: "https://hooks.slack.example/x" } });
  const health = await redrive.send("/healthz");
  assert.equal(health.status, 500);
  assert.match(JSON.parse(health.text).error.message, /^NOTIFY_SLACK_URL needs the ledger/);
  assertRefused(await deliverTo(redrive), 500, "misconfigured", { message: /LEDGER/ });
});
