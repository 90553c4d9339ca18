/** Memory stays flat however large callbacks are: their bodies pass through, and nothing of them is kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCallback } from "../support/callback.mjs";
import { useWorld } from "./harness.mjs";

const MB = 1_000_000;
const BODY_BYTES = 50 * MB;
const CALLBACKS = 6;
/** The runtime takes its time with collecting chunks. A body held as a whole would take twice as much for good. */
const ALLOWED_GROWTH = 80 * MB;
const world = useWorld({ policy: { dry_run: true } });

test(`${CALLBACKS} callbacks of 50 MB in turn need little more memory than a small one`, { timeout: 60_000 }, async () => {
  const { body } = failureCallback({ payload: Buffer.alloc(BODY_BYTES * 0.75, 7) });
  assert.ok(body.length >= BODY_BYTES);
  assert.equal((await world.deliver()).status, 200);
  const sizes = [world.redrive.memory()];
  for (let n = 0; n < CALLBACKS; n += 1) {
    const answer = await world.deliver({ body });
    assert.equal(answer.status, 200, answer.text);
    sizes.push(world.redrive.memory());
  }

  const growth = Math.max(...sizes) - sizes[0];

  assert.ok(growth < ALLOWED_GROWTH, `in MB: ${sizes.map((bytes) => Math.round(bytes / MB)).join(", ")}`);
});
