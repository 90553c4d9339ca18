/**
 * The runs that have failed: entries in the dead letter queue, a batch for each of many targets, with the callbacks about
 * them. What is to become of each follows from its callback, by the policy.
 */
import { failureCallback } from "../support/callback.mjs";

/** Runs of one target: fewer than open its breaker. */
const BATCH = 50;
/** One batch of so many is of the target that is ill: there are enough of those to open its breaker. */
const ILL_EVERY = 8;
const ILL = "https://ill.example/flow";

export const POLICY = Object.freeze({
  breaker: { minimum: 200 },
  rules: [
    { name: "later", when: { label: "later" }, action: "defer", overrides: { delay: "1h" } },
    { name: "worthless", when: { label: "worthless" }, action: "delete" },
  ],
});

/**
 * What is to become of the runs of a batch, by their place in it. Of the ill target's every run may be resumed or, as its
 * breaker is open, deferred.
 */
const KINDS = [
  { count: 40, wanted: "resumed", callback: { status: 503 } },
  { count: 3, wanted: "parked", callback: { status: 489 } },
  { count: 3, wanted: "parked", callback: { status: 404 } },
  { count: 2, wanted: "deferred", callback: { label: "later" } },
  { count: 2, wanted: "deleted", callback: { label: "worthless" } },
].flatMap(({ count, ...kind }) => Array.from({ length: count }, () => kind));

/**
 * @typedef {{ dlqId: string, runId: string, wanted: string[], callback: object, tries: number }} Run
 */

/**
 * Plants as many runs as are asked for, when they are asked for.
 *
 * @param {import("../support/local-qstash.mjs").LocalQstash} qstash
 * @param {number} count
 * @returns {AsyncGenerator<Run>}
 */
export async function* failedRuns(qstash, count) {
  for (let made = 0, batch = 0; made < count; batch += 1) {
    const isIll = batch % ILL_EVERY === ILL_EVERY - 1;
    const workflowUrl = isIll ? ILL : `https://shop-${batch}.example/flow`;
    const { entries } = await qstash.plant({ workflowUrl, count: BATCH });
    for (const [place, { dlqId, workflowRunId: runId }] of entries.entries()) {
      if (made === count) return;
      made += 1;
      const { wanted, callback } = KINDS[place];
      yield {
        dlqId,
        runId,
        wanted: isIll && wanted === "resumed" ? ["resumed", "deferred"] : [wanted],
        callback: failureCallback({ dlqId, runId, url: workflowUrl, ...callback }),
        tries: 0,
      };
    }
  }
}
