/** A dry run decides and tells, and touches nothing. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_BACKOFF, assertOutcome, assertRefused, assertUntouched, useWorld } from "./harness.mjs";

const world = useWorld({
  policy: {
    dry_run: true,
    backoff: NO_BACKOFF,
    rules: [
      { name: "afresh", when: { label: "afresh" }, action: "restart" },
      { name: "worthless", when: { label: "worthless" }, action: "delete" },
    ],
  },
});

for (const [decision, options, rule, reason, delaySeconds] of [
  ["resume", {}, "transient", "rule", 10],
  ["restart", { label: "afresh" }, "afresh", "rule", 10],
  ["delete", { label: "worthless" }, "worthless", "rule", undefined],
  ["park", { status: 489 }, "non-retryable", "rule", undefined],
  ["park", { path: `/?redrive=5.${Date.now()}.wfr_root` }, "transient", "attempts_exhausted", undefined],
]) {
  test(`${decision} because of ${rule}, ${reason}: told, not done`, async () => {
    const { dlqId, workflowRunId: runId } = await world.qstash.plant();

    const answer = await world.deliver({ dlqId, runId, ...options });

    const { rootRunId, attempt } = JSON.parse(answer.text);
    assert.deepEqual([rootRunId, attempt], options.path ? ["wfr_root", 5] : [runId, 0]);
    const delay = delaySeconds === undefined ? {} : { delaySeconds };
    assertOutcome(answer, { outcome: "dry_run", decision, reason, rule, runId, dlqId, rootRunId, attempt, ...delay });
    await assertUntouched(world);
    assert.equal((await world.qstash.api(`/v2/workflows/dlq/${dlqId}`)).status, 200);
  });
}

test("the same callback again is decided again", async () => {
  const first = await world.deliver();
  const second = await world.deliver();
  assert.deepEqual(JSON.parse(second.text), JSON.parse(first.text));
  await assertUntouched(world);
});

test("an entry that the callback does not name is not looked up", async () => {
  assert.equal(JSON.parse((await world.deliver({ dlqId: null })).text).dlqId, undefined);
  await assertUntouched(world);
});

test("a forged callback is refused as always", async () => {
  assertRefused(await world.deliver({ sign: { key: "sig_forged" } }), 401, "signature_mismatch");
});
