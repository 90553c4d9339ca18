/** Faults by chance, `--fault`: what each kind does, that the seed decides, and that they are counted. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startLocalQstash } from "../../tests/support/local-qstash.mjs";

async function start(t, options) {
  const qstash = await startLocalQstash(options);
  t.after(qstash.stop);
  return qstash;
}

/** What came of a request: a status with a whole answer, or how far the answer came. */
async function outcomeOf(qstash, path, init) {
  let response;
  try {
    response = await qstash.api(path, init);
  } catch {
    return "dropped";
  }
  return response.text().then((text) => [response.status, text], () => [response.status, "truncated"]);
}

for (const [fault, expected, acted] of [
  ["drop-request", "dropped", false],
  ["drop-answer", "dropped", true],
  ["truncate", [200, "truncated"], true],
  ["status-503", [503, '{"error":"a fault by chance"}'], false],
  ["status-429", [429, '{"error":"a fault by chance"}'], false],
]) {
  test(`${fault}: what is asked for is ${acted ? "done" : "not done"}`, async (t) => {
    const qstash = await start(t, { faults: [`${fault}:1`] });
    const { dlqId } = await qstash.plant();

    const outcome = await outcomeOf(qstash, `/v2/workflows/dlq/resume/${dlqId}`, { method: "POST" });

    assert.deepEqual(outcome, expected);
    assert.equal((await qstash.timeline()).filter(({ kind }) => kind === "resumed").length, acted ? 1 : 0);
    assert.deepEqual(await qstash.injected(), { [fault]: 1 });
  });
}

test("slow: it is done after the time, and the answer is whole", async (t) => {
  const qstash = await start(t, { faults: ["slow:1:150ms"] });
  const started = performance.now();
  const [status, text] = await outcomeOf(qstash, "/v2/keys");
  assert.ok(performance.now() - started >= 145);
  assert.deepEqual([status, Object.keys(JSON.parse(text)).length > 0], [200, true]);
});

const MIX = ["drop-request:0.1", "drop-answer:0.1", "truncate:0.1", "status-500:0.1", "status-429:0.1"];
const REQUESTS = 300;

async function outcomes(qstash) {
  const list = [];
  while (list.length < REQUESTS) list.push(JSON.stringify(await outcomeOf(qstash, "/v2/dlq?source=workflow")));
  return list;
}

test("the seed decides which requests are hit, and a reset begins it anew", async (t) => {
  const [one, same, other] = await Promise.all([5, 5, 6].map((seed) => start(t, { faults: MIX, seed })));
  const first = await outcomes(one);
  assert.deepEqual(await outcomes(same), first);
  assert.notDeepEqual(await outcomes(other), first);

  const injected = await one.injected();
  const seen = (part) => first.filter((outcome) => outcome.includes(part)).length;
  assert.equal(injected["drop-request"] + injected["drop-answer"], seen("dropped"));
  assert.deepEqual([injected.truncate, injected["status-500"], injected["status-429"]], [seen("truncated"), seen("500"), seen("429")]);
  for (const [kind, count] of Object.entries(injected)) assert.ok(count > 10 && count < 60, `${count} × ${kind} in ${REQUESTS}`);

  await one.reset();
  assert.deepEqual(await one.injected(), {});
  assert.deepEqual(await outcomes(one), first);
});

test("listed faults come before chance and are counted with it; the control API meets none", async (t) => {
  const qstash = await start(t, { faults: ["status-500:1"] });
  await qstash.addFaults([{ times: 2, fault: "truncate" }, { fault: { status: 503 } }, { fault: "drop-before" }]);
  const seen = [];
  for (let n = 0; n < 6; n += 1) seen.push([await outcomeOf(qstash, "/v2/keys")].flat()[0]);
  assert.deepEqual(seen, [200, 200, 503, "dropped", 500, 500]);
  assert.deepEqual(await qstash.injected(), { "drop-request": 1, "status-500": 2, "status-503": 1, truncate: 2 });
});

test("what is no fault is refused at the start, with what is accepted", async () => {
  for (const [fault, accepted] of [
    ["drop:0.1", /expected drop-request:RATE, drop-answer:RATE, .*status-CODE:RATE/],
    ["slow:0.1", /such as 2s or 300ms/],
    ["truncate:2", /from 0 to 1/],
  ]) {
    await assert.rejects(startLocalQstash({ faults: [fault] }), accepted);
  }
  await assert.rejects(startLocalQstash({ faults: ["truncate:0.7", "drop-answer:0.7"] }), /add up to more than 1/);
});
