/** Bodies of every size and shape. What is signed but of no use is 489, because the same bytes will never do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { callbackBody, failureCallback } from "../support/callback.mjs";
import { DEV_CREDENTIALS } from "../support/local-qstash.mjs";
import { bodyHash, signToken } from "../support/sign.mjs";
import { assertRefused, assertUntouched, deliverTo, startFor, useWorld } from "./harness.mjs";

const CHUNK_BYTES = 64 * 1024;
const LIMIT = 4_000_000;
const world = useWorld();

/** The pieces of a body; sent as they are, they make a chunked transfer. */
function* chunks(body) {
  const bytes = Buffer.from(body);
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

/** The text of a good callback with one field's JSON replaced or added by hand. */
function withField(name, json) {
  const { [name]: _, ...fields } = callbackBody();
  return `${JSON.stringify(fields).slice(0, -1)},${JSON.stringify(name)}:${json}}`;
}

const nested = (levels) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

for (const [what, body, code] of [
  ["an empty body", "", "incomplete_body"],
  ["blanks", " \n", "incomplete_body"],
  ["half an object", JSON.stringify(callbackBody()).slice(0, -1), "incomplete_body"],
  ["HTML", "<html>", "invalid_json"],
  ["a JavaScript object", "{status: 500}", "invalid_json"],
  ["two objects", `${JSON.stringify(callbackBody())}{}`, "invalid_json"],
  ["a byte order mark", `\ufeff${JSON.stringify(callbackBody())}`, "invalid_json"],
  ["a string", '"callback"', "not_an_object"],
  ["an array of callbacks", `[${JSON.stringify(callbackBody())}]`, "not_an_object"],
  ["null", "null", "not_an_object"],
  ["arrays in arrays without end", withField("extra", nested(10_000)), "too_deep"],
  ["a run that is named twice", withField("workflowRunId", '"wfr_a","workflowRunId":"wfr_b"'), "duplicate_field"],
  ["an entry that is named twice", withField("dlqId", '"1-0","dlqId":"1-1"'), "duplicate_field"],
  ["a run id that is a number", withField("workflowRunId", "7"), "invalid_field"],
  ["a run id with blanks", withField("workflowRunId", '"a b"'), "invalid_field"],
  ["an entry that climbs the path", withField("dlqId", '".."'), "invalid_field"],
  ["an entry with half a character", withField("dlqId", '"1-\\ud800"'), "invalid_field"],
  ["a status that is a word", withField("status", '"bad"'), "invalid_field"],
  ["a status out of range", withField("status", "5000"), "invalid_field"],
  ["an entry of 5 KB", withField("dlqId", JSON.stringify("1".repeat(5000))), "field_too_long"],
  ["a URL of 20 KB", withField("url", JSON.stringify(`https://a.example/${"x".repeat(20_000)}`)), "field_too_long"],
]) {
  test(`${what}: 489 ${code}, and nothing is done`, async () => {
    assertRefused(await world.deliver({ body }), 489, code);
    await assertUntouched(world);
  });
}

test("a plain message's callback, which names no run anywhere: 489", async () => {
  const options = { fields: { workflowRunId: undefined }, headers: { "Upstash-Workflow-RunId": undefined } };
  assertRefused(await world.deliver(options), 489, "not_a_workflow");
  await assertUntouched(world);
});

test("a callback that names no endpoint: 489", async () => {
  const options = { fields: { url: undefined }, headers: { "Upstash-Workflow-Url": undefined } };
  assertRefused(await world.deliver(options), 489, "no_workflow_url");
  await assertUntouched(world);
});

test("a run that only a header names is taken from there; the body's word counts more", async () => {
  const { runId } = JSON.parse((await world.deliverPlanted({ fields: { workflowRunId: undefined } })).text);
  assert.match(runId, /^wfr_/);

  const headers = { "Upstash-Workflow-RunId": "wfr_original" };
  const answer = JSON.parse((await world.deliverPlanted({ headers })).text);
  assert.notEqual(answer.runId, "wfr_original");
  assert.equal(answer.rootRunId, answer.runId);
});

test("an entry whose id would be another path stays one segment", async () => {
  await world.deliver({ dlqId: "1/../../../v2/keys?x#y" });
  assert.deepEqual(await world.calls(), ["POST /v2/workflows/dlq/resume/1%2F..%2F..%2F..%2Fv2%2Fkeys%3Fx%23y"]);
});

test("bytes that are no UTF-8 are verified as they are; in a field that nobody reads they do no harm", async () => {
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();
  const [head, tail] = JSON.stringify(callbackBody({ dlqId, runId, fields: { extra: "HERE" } })).split("HERE");
  const body = Buffer.concat([Buffer.from(head), Buffer.from([0xff, 0xfe, 0x80, 0xc3]), Buffer.from(tail)]);

  const answer = await world.deliver({ body });

  assert.equal(answer.status, 200, answer.text);
  assert.equal(JSON.parse(answer.text).outcome, "resumed");
});

test("bytes that are no UTF-8 in a field that decides: 489", async () => {
  const [head, tail] = JSON.stringify(callbackBody({ dlqId: "HERE" })).split("HERE");
  const body = Buffer.concat([Buffer.from(`${head}1-`), Buffer.from([0xff]), Buffer.from(tail)]);

  assertRefused(await world.deliver({ body }), 489, "invalid_field");
  await assertUntouched(world);
});

for (const [what, bytes] of [["small", 10], ["of 900 KB", 675_000], ["of 1.3 MB", 1_000_000], ["of 20 MB", 15_000_000]]) {
  for (const transfer of ["with its length", "chunked"]) {
    test(`a callback with a payload ${what} is dealt with, ${transfer}`, async () => {
      const { dlqId, workflowRunId: runId } = await world.qstash.plant();
      const { body } = failureCallback({ dlqId, runId, payload: Buffer.alloc(bytes, 7) });

      const answer = await world.deliver({ body, ...(transfer === "chunked" && { sent: chunks(body) }) });

      assert.equal(answer.status, 200, answer.text);
      assert.equal(JSON.parse(answer.text).outcome, "resumed");
      assert.deepEqual(await world.calls(), [`POST /v2/workflows/dlq/resume/${dlqId}`]);
    });
  }
}

test("what stands behind a payload of megabytes is read as well", async () => {
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();
  const { status, ...rest } = callbackBody({ dlqId, runId, status: 489, payload: Buffer.alloc(3_000_000) });

  const answer = await world.deliver({ body: JSON.stringify({ ...rest, status }) });

  assert.equal(JSON.parse(answer.text).rule, "non-retryable");
});

test("a body above MAX_BODY_BYTES is 413: by its length at once, chunked when the limit is reached", async (t) => {
  const redrive = await startFor(t, { vars: { QSTASH_URL: world.qstash.url, MAX_BODY_BYTES: String(LIMIT) } });
  const fits = failureCallback({ fields: { extra: "" } }).body;
  const exact = fits.replace('"extra":""', `"extra":"${"x".repeat(LIMIT - Buffer.byteLength(fits))}"`);
  const large = `${exact} `;
  assert.equal(Buffer.byteLength(exact), LIMIT);

  const message = /MAX_BODY_BYTES, 4000000/;
  const early = await sendBeginning(redrive, large);
  assertRefused(early, 413, "body_too_large", { message });
  assertRefused(await deliverTo(redrive, { body: large, sent: chunks(large) }), 413, "body_too_large", { message });
  await assertUntouched(world);

  for (const sent of [exact, chunks(exact)]) {
    const answer = await deliverTo(redrive, { body: exact, sent });
    assert.equal(answer.status, 200, answer.text);
  }
});

test("a forged callback is refused before its body is read", async () => {
  const { body } = failureCallback({ payload: Buffer.alloc(3_000_000) });
  const answer = await sendBeginning(world.redrive, body, { key: "sig_forged" });
  assertRefused(answer, 401, "signature_mismatch");
  await assertUntouched(world);
});

test("a body whose hash stands in the claims of an empty one is refused", async () => {
  const claims = { body: bodyHash("", true) };
  assertRefused(await world.deliver({ sign: { claims } }), 401, "body_hash_mismatch");
  await assertUntouched(world);
});

/** Announces the whole body, sends a little of it, and waits for an answer. */
function sendBeginning(redrive, body, { key = DEV_CREDENTIALS.currentKey } = {}) {
  const signature = signToken({ key, url: `${redrive.url}/`, body });
  const headers = { "Content-Length": String(Buffer.byteLength(body)), "Upstash-Signature": signature };
  return redrive.send("/", { method: "POST", headers, body: [Buffer.from(body.slice(0, 100))] });
}
