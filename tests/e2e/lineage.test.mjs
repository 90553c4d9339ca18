/** Attempts and the elapsed budget, carried in the signed callback URL: they hold with every store wiped, for there is none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_BACKOFF, assertOutcome, assertRefused, assertUntouched, useWorld } from "./harness.mjs";

const HOUR_MS = 3_600_000;
const SETTLE_MS = 10_000;
const world = useWorld({
  policy: {
    backoff: NO_BACKOFF,
    max_attempts: 3,
    max_elapsed: "2h",
    rules: [
      { name: "patient", when: { label: "patient" }, action: "resume", max_attempts: 6 },
      { name: "never", when: { label: "never" }, action: "resume", max_attempts: 0 },
      { name: "afresh", when: { label: "afresh" }, action: "restart" },
      { name: "worthless", when: { label: "worthless" }, action: "delete" },
    ],
  },
});

const lineage = (attempt, firstFailedAt = Date.now(), root = "wfr_root") => `redrive=${attempt}.${firstFailedAt}.${root}`;

async function nextCallback() {
  const [{ headers }] = await world.qstash.requests();
  return new URL(headers["upstash-failure-callback"]);
}

test("a first failure starts a lineage: attempt 1 of this run, from now", async () => {
  const before = Date.now();
  const { runId, rootRunId, attempt } = JSON.parse((await world.deliverPlanted()).text);

  assert.deepEqual([rootRunId, attempt], [runId, 1]);
  const { origin, pathname, searchParams } = await nextCallback();
  assert.deepEqual([origin, pathname], [world.redrive.url, "/"]);
  const [, count, since, root] = /^(\d+)\.(\d+)\.(.+)$/.exec(searchParams.get("redrive"));
  assert.deepEqual([count, root], ["1", runId]);
  assert.ok(since >= before && since <= Date.now(), since);
});

test("a further failure counts on: the next attempt, of the same root, since the same time", async () => {
  const since = Date.now() - HOUR_MS;

  const answer = JSON.parse((await world.deliverPlanted({ path: `/?${lineage(1, since)}` })).text);

  assert.deepEqual([answer.outcome, answer.rootRunId, answer.attempt], ["resumed", "wfr_root", 2]);
  assert.equal((await nextCallback()).search, `?${lineage(2, since)}`);
});

test("the author's own query stays as it was written", async () => {
  const since = Date.now();
  await world.deliverPlanted({ path: `/?team=a%20b&${lineage(1, since)}&list[]=1&list[]=2&flag` });
  assert.equal((await nextCallback()).search, `?team=a%20b&list[]=1&list[]=2&flag&${lineage(2, since)}`);
});

test("a root whose id needs encoding comes back as it was", async () => {
  const root = "wfr_ä.b&c=d/e#f";
  const path = `/?${lineage(1, 1 + Date.now(), encodeURIComponent(root))}`;
  assert.equal(JSON.parse((await world.deliverPlanted({ path })).text).rootRunId, root);
  assert.ok((await nextCallback()).searchParams.get("redrive").endsWith(root));
});

for (const [what, attempt, label, reason] of [
  ["the last attempt but one", 2, undefined, undefined],
  ["all attempts", 3, undefined, "attempts_exhausted"],
  ["more attempts than there are", 4_294_967_295, undefined, "attempts_exhausted"],
  ["all attempts, under a rule with more", 5, "patient", undefined],
  ["all attempts of a rule with more", 6, "patient", "attempts_exhausted"],
  ["no attempt, under a rule with none", 0, "never", "attempts_exhausted"],
  ["all attempts, under a rule that restarts", 3, "afresh", "attempts_exhausted"],
]) {
  test(`after ${what} a run is ${reason ? "parked" : "resumed"}`, async () => {
    const answer = await world.deliverPlanted({ path: `/?${lineage(attempt)}`, label });

    const { outcome, reason: said, runId, dlqId, rule } = JSON.parse(answer.text);
    if (reason === undefined) return assert.equal(outcome, "resumed");
    assertOutcome(answer, { outcome: "parked", reason, rule, runId, dlqId, rootRunId: "wfr_root", attempt });
    assert.equal(said, reason);
    await assertUntouched(world);
  });
}

for (const [what, ago, outcome] of [
  ["within the budget", 2 * HOUR_MS - SETTLE_MS - 5_000, "resumed"],
  ["within the budget, but not its next start", 2 * HOUR_MS - SETTLE_MS + 1_000, "parked"],
  ["beyond the budget", 3 * HOUR_MS, "parked"],
  ["in 1970", Date.now(), "parked"],
  ["in the future, by a clock that was wrong", -HOUR_MS, "resumed"],
]) {
  test(`a lineage that began ${what} is ${outcome}`, async () => {
    const answer = JSON.parse((await world.deliverPlanted({ path: `/?${lineage(1, Date.now() - ago)}` })).text);
    assert.deepEqual([answer.outcome, answer.reason], [outcome, outcome === "parked" ? "elapsed_budget_spent" : undefined]);
    if (outcome === "parked") await assertUntouched(world);
  });
}

test("a rule that deletes needs no attempt", async () => {
  const answer = await world.deliverPlanted({ path: `/?${lineage(9, 1)}`, label: "worthless" });
  assert.equal(JSON.parse(answer.text).outcome, "deleted");
});

for (const query of [
  "redrive",
  "redrive=",
  "redrive=1",
  "redrive=1.2.",
  "redrive=-1.2.wfr_a",
  "redrive=%2B1.2.wfr_a",
  "redrive=0x1.2.wfr_a",
  "redrive=1e0.2.wfr_a",
  "redrive=4294967296.2.wfr_a",
  "redrive=1.2.wfr%20a",
  "redrive=0.2.wfr_a&redrive=5.2.wfr_a",
]) {
  test(`a signed URL with ${query} is 489: a count that could be misread must not start at zero`, async () => {
    assertRefused(await world.deliverPlanted({ path: `/?${query}` }), 489, "malformed_lineage", { message: /redrive/ });
    await assertUntouched(world);
  });
}
