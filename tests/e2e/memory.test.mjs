/** Memory stays flat however large callbacks are: their bodies pass through, and nothing of them is kept. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCallback } from "../support/callback.mjs";
import { useWorld } from "./harness.mjs";

const MB = 1_000_000;
const BODY_BYTES = 50 * MB;
/** The runtime takes its time with collecting chunks, so that the first callbacks raise the level for good. */
const WARM_UP = 3;
const MEASURED = 8;
const ALLOWED_GROWTH = 60 * MB;
const world = useWorld({ policy: { dry_run: true } });

test(`callbacks of 50 MB, ${WARM_UP + MEASURED} in turn, leave workerd no larger by a body and some`, { timeout: 60_000 }, async () => {
  const { body } = failureCallback({ payload: Buffer.alloc(BODY_BYTES * 0.75, 7) });
  assert.ok(body.length >= BODY_BYTES);
  const sizes = [];
  for (let n = 0; n < WARM_UP + MEASURED; n += 1) {
    const answer = await world.deliver({ body });
    assert.equal(answer.status, 200, answer.text);
    sizes.push(world.redrive.memory());
  }

  const growth = Math.max(...sizes.slice(WARM_UP)) - sizes[WARM_UP - 1];

  const seen = sizes.map((bytes) => Math.round(bytes / MB)).join(", ");
  assert.ok(growth < ALLOWED_GROWTH, `grew by ${Math.round(growth / MB)} MB: ${seen} MB`);
  assert.ok(Math.max(...sizes) < 300 * MB, seen);
});
