/**
 * The library inside somebody else's Worker: `examples/embed`, built by `make build-embed`, keeps its own routes and recovers runs on one.
 */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { startLocalQstash } from "../support/local-qstash.mjs";
import { startRedrive } from "../support/redrive.mjs";
import { assertRefused, deliverTo } from "./harness.mjs";

const BUILD = fileURLToPath(new URL("../../examples/embed/build", import.meta.url));
const CALLBACK_PATH = "/workflow-failed";

let qstash;
let embed;
before(async () => {
  qstash = await startLocalQstash();
  embed = await startRedrive({ build: BUILD, vars: { QSTASH_URL: qstash.url, POLICY: { settle: "15s", backoff: { base: "0s", cap: "0s" } } } });
});
after(async () => {
  await embed?.stop();
  await qstash?.stop();
});

test("a failure callback on the embedding Worker's route resumes the run, and the next one comes to the same route", async () => {
  const { dlqId, workflowRunId } = await qstash.plant();

  const answer = await deliverTo(embed, { path: CALLBACK_PATH, dlqId, runId: workflowRunId });

  assert.equal(answer.status, 200, answer.text);
  const { outcome, runId, newRunId } = JSON.parse(answer.text);
  const resumed = (await qstash.timeline()).filter(({ kind }) => kind === "resumed");
  assert.deepEqual(
    resumed.map((event) => [event.dlqId, event.fromRunId, event.runId]),
    [[dlqId, workflowRunId, newRunId]],
  );
  assert.deepEqual([outcome, runId], ["resumed", workflowRunId]);
  const [{ headers }] = resumed;
  assert.equal(headers["Upstash-Delay"], "15s", "the embedding Worker's policy holds");
  const { origin, pathname } = new URL(headers["Upstash-Failure-Callback"]);
  assert.equal(origin + pathname, embed.url + CALLBACK_PATH);
});

test("an unsigned callback is refused on the embedding Worker's route, and nothing reaches the DLQ API", async () => {
  await qstash.reset();
  const { dlqId, workflowRunId } = await qstash.plant();

  const answer = await deliverTo(embed, { path: CALLBACK_PATH, dlqId, runId: workflowRunId, signature: null });

  assertRefused(answer, 401, "signature_missing");
  assert.deepEqual(await qstash.requests(), []);
});

test("every other route stays the embedding Worker's own", async () => {
  const front = await embed.send("/");
  assert.equal(front.status, 200);
  assert.match(front.text, /work of its own/);

  for (const [method, path] of [
    ["POST", "/"],
    ["GET", "/healthz"],
    ["GET", CALLBACK_PATH],
  ]) {
    const answer = await embed.send(path, { method });
    assert.deepEqual([answer.status, answer.text], [404, "not found"], `${method} ${path}`);
  }
});
