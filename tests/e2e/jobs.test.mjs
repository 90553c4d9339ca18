/** Bulk jobs in real workerd: a frozen filter over thousands of entries, with canary, pause, cancel, and workerd killed in the middle. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { poll, startRecorder } from "../support/net.mjs";
import { startWorld } from "./harness.mjs";

const ADMIN_TOKEN = "operators-only";

async function jobWorld(t, { kept = false, ledger = true, ...options } = {}) {
  const folder = kept && (await mkdtemp(join(tmpdir(), "jobs-")));
  const world = await startWorld({ ledger: folder || ledger, vars: { ADMIN_TOKEN }, ...options });
  t.after(async () => {
    await world.stop();
    if (folder) await rm(folder, { recursive: true });
  });
  const send = async (method, path, body) => {
    const headers = { Authorization: `Bearer ${ADMIN_TOKEN}` };
    const { status, text } = await world.redrive.send(path, { method, headers, body: body && JSON.stringify(body) });
    return { status, body: JSON.parse(text) };
  };
  const look = async (id) => {
    const { status, body } = await send("GET", `/v1/jobs/${id}?limit=1`);
    assert.equal(status, 200, JSON.stringify(body));
    const { found, resumed, gone, refused, failed, left } = body.counts;
    assert.equal(found, resumed + gone + refused + failed + left, JSON.stringify(body));
    return body;
  };
  return {
    ...world,
    send,
    look,
    start: (order) => send("POST", "/v1/jobs", order),
    steer: (id, deed) => send("POST", `/v1/jobs/${id}/${deed}`),
    /** How often each entry was resumed, by the queue's own timeline. */
    acts: async () => {
      const acts = new Map();
      for (const { kind, dlqId } of await world.qstash.timeline()) {
        if (kind === "resumed") acts.set(dlqId, (acts.get(dlqId) ?? 0) + 1);
      }
      return acts;
    },
    until: (id, holds) => {
      let job;
      const check = async () => {
        // While workerd is away there is nobody to ask.
        const now = await look(id).catch((error) => (error.code?.startsWith("ECONN") ? undefined : Promise.reject(error)));
        if (now) job = now;
        return now && holds(now) && now;
      };
      return poll(check, { timeout: 60_000, what: "the job to come that far", explain: () => JSON.stringify(job) });
    },
    items: async (id) => {
      const items = [];
      for (let query = ""; ; ) {
        const { body } = await send("GET", `/v1/jobs/${id}${query}`);
        items.push(...body.items);
        if (!body.cursor) return items;
        query = `?cursor=${encodeURIComponent(body.cursor)}`;
      }
    },
  };
}

/** Each entry at most once, and as many as the job counts. */
function assertOnce(acts, resumed) {
  assert.deepEqual([...acts.values()].filter((times) => times !== 1), []);
  assert.equal(acts.size, resumed);
}

test("5,000 entries: a canary, a pause in which nothing happens, a resume, a cancel; the counts add up", async (t) => {
  const world = await jobWorld(t, { qstash: { timeScale: 1 } });
  await world.qstash.plant({ count: 5000, labels: ["orders"] });
  await world.qstash.plant({ count: 7, labels: ["others"] });
  const order = { id: "night", action: "resume", filter: { label: "orders" }, canary: { count: 20, wait: "1s" }, rate: { per_second: 500 } };
  const began = Date.now();
  assert.equal((await world.start(order)).status, 201);
  const again = await world.start({ ...order, action: "restart" });
  assert.deepEqual([again.status, again.body.job.order.action], [409, "resume"]);

  const waiting = await world.until("night", ({ state }) => state === "waiting");
  assert.deepEqual([waiting.counts.found, waiting.counts.resumed], [5000, 20]);
  t.diagnostic(`5,000 entries listed and 20 resumed within ${Date.now() - began} ms`);
  assertOnce(await world.acts(), 20);
  // Those that fail now are not of this job.
  await world.qstash.plant({ count: 30, labels: ["orders"] });

  await world.until("night", ({ state, counts }) => state === "running" && counts.resumed >= 1000);
  await world.steer("night", "pause");
  const paused = await world.until("night", ({ state }) => state === "paused");
  const requests = (await world.qstash.requests()).length;
  assertOnce(await world.acts(), paused.counts.resumed);
  await new Promise((resolve) => setTimeout(resolve, 1500));
  assert.equal((await world.qstash.requests()).length, requests, "nothing is sent while it is paused");
  assert.deepEqual((await world.look("night")).counts, paused.counts);

  assert.equal((await world.steer("night", "resume")).body.state, "running");
  await world.until("night", ({ counts }) => counts.resumed >= 2500);
  await world.steer("night", "cancel");
  const { counts } = await world.until("night", ({ state }) => state === "cancelled");
  t.diagnostic(`cancelled: ${JSON.stringify(counts)}`);
  assert.ok(counts.resumed >= 2500 && counts.left > 0 && counts.found === 5000);
  assertOnce(await world.acts(), counts.resumed);
  const items = await world.items("night");
  const acts = await world.acts();
  assert.equal(items.length, 5000);
  for (const { dlqId, state } of items) assert.equal(state === "resumed", acts.has(dlqId), dlqId);

  assert.equal((await world.start(order)).status, 409);
  assert.equal((await world.steer("night", "resume")).status, 409);
  const { body } = await world.send("GET", "/v1/jobs");
  assert.deepEqual(body.jobs.map(({ id, state }) => [id, state]), [["night", "cancelled"]]);
});

/** Which calls workerd does not survive, by method and number: it is killed before QStash has acted on them, or after. */
const KILLS = { GET: { 3: "before", 6: "after", 22: "after" }, POST: { 1: "after", 4: "before", 5: "after", 9: "before", 15: "after" } };

test("workerd is killed before and after calls of every kind: the job goes on where it was, and nothing is resumed twice", async (t) => {
  const calls = { GET: 0, POST: 0 };
  let kills = 0;
  const proxy = await startRecorder(async ({ method, path }) => {
    const kill = KILLS[method][(calls[method] += 1)];
    if (kill) kills += 1;
    if (kill === "before") await world.redrive.kill();
    if (kill === "before") return { status: 500 };
    const answer = await world.qstash.api(path, { method });
    const body = await answer.text();
    if (kill === "after") await world.redrive.kill();
    return { status: answer.status, body };
  });
  t.after(proxy.stop);
  const world = await jobWorld(t, { kept: true, vars: { ADMIN_TOKEN, QSTASH_URL: proxy.url } });
  await world.qstash.plant({ count: 1000 });
  assert.equal((await world.start({ id: "killed", action: "resume", all: true, rate: { per_second: 500 } })).status, 201);
  const { state, counts } = await world.until("killed", ({ state }) => state === "done" || state === "failed");
  assert.deepEqual([state, counts], ["done", { found: 1000, resumed: 1000, gone: 0, refused: 0, failed: 0, left: 0 }]);
  assert.equal(kills, 8);
  assertOnce(await world.acts(), 1000);
});

test("a canary whose runs fail again halts the job", async (t) => {
  const world = await jobWorld(t);
  // Nobody listens there, and one try is all that each run has.
  await world.qstash.plant({ count: 200 });
  const order = { id: "bad", action: "resume", all: true, overrides: { retries: 0 }, canary: { count: 10, wait: "2s", max_failed_share: 0.5 } };
  await world.start(order);
  const { state, reason, counts, canary } = await world.until("bad", ({ state }) => state === "halted" || state === "done");
  assert.equal(state, "halted", reason);
  assert.match(reason, /10 of 10 have failed again/);
  assert.deepEqual([counts.resumed, counts.left, canary], [10, 190, { known: 10, failed: 10 }]);
  assertOnce(await world.acts(), 10);
});

test("entries that others resume meanwhile are gone, and what a job asks for is sent with each call", async (t) => {
  const world = await jobWorld(t);
  const { entries } = await world.qstash.plant({ count: 120, failureCallback: "https://shop.example/failed" });
  await world.start({ id: "slow", action: "restart", all: true, rate: { per_second: 40 }, overrides: { label: "redriven", delay: "1h" } });
  await world.until("slow", ({ counts }) => counts.resumed >= 40);
  const last = entries.map(({ dlqId }) => dlqId).toSorted().slice(-10);
  for (const dlqId of last) await world.qstash.api(`/v2/workflows/dlq/${dlqId}`, { method: "DELETE" });
  const { counts } = await world.until("slow", ({ state }) => state === "done");
  assert.deepEqual(counts, { found: 120, resumed: 110, gone: 10, refused: 0, failed: 0, left: 0 });
  const calls = (await world.qstash.requests()).filter(({ path }) => path === "/v2/workflows/dlq/restart");
  assert.ok(calls.length >= 3);
  for (const { headers } of calls) {
    assert.deepEqual([headers["upstash-label"], headers["upstash-delay"]], ["redriven", "1h"]);
    assert.equal(headers["upstash-failure-callback"], undefined, "where failures are reported stays as it was");
  }
});

test("without a ledger a job is refused with what is missing", async (t) => {
  const world = await jobWorld(t, { ledger: false });
  for (const { status, body } of [await world.start({ action: "resume", all: true }), await world.send("GET", "/v1/jobs/a")]) {
    assert.equal(status, 501);
    assert.match(body.error, /LEDGER/);
  }
});
