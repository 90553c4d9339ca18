/** Many entries: lists, lists of ids, and everything that a filter selects, against local-qstash and beside the official client. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { Client as OfficialClient } from "@upstash/workflow";
import { Client } from "../../pkg/index.mjs";
import { startLocalQstash } from "../support/local-qstash.mjs";

let qstash;
let client;
let official;
before(async () => {
  // Delays at their full length: resumed runs fail again only long after the test.
  qstash = await startLocalQstash({ timeScale: 1 });
  client = new Client({ token: qstash.token, baseUrl: qstash.url });
  official = new OfficialClient({ token: qstash.token, baseUrl: qstash.url, devMode: false });
});
beforeEach(() => qstash.reset());
after(() => qstash.stop());

const collect = async (iterable) => {
  const all = [];
  for await (const one of iterable) all.push(one);
  return all;
};
const idsInQueue = async () => (await collect(client.dlq.listAll())).map(({ dlqId }) => dlqId);

for (const [what, parameters] of [
  ["nothing", undefined],
  ["a count", { count: 2 }],
  ["a label", { filter: { label: "red" } }],
  ["labels", { filter: { label: ["red", "blue"] } }],
  ["dates", { filter: { fromDate: new Date(0), toDate: 4e12 } }],
  ["a URL and a caller", { filter: { workflowUrl: "http://127.0.0.1:9/workflow", callerIp: "127.0.0.1" } }],
]) {
  test(`list by ${what} gives what the official client's gives, and asks for the same`, async () => {
    for (const label of ["red", "blue", "red", "green"]) await qstash.plant({ labels: [label] });
    const [ours, theirs] = [await client.dlq.list(parameters), await official.dlq.list(parameters)];
    assert.deepEqual(ours, theirs);
    assert.ok(ours.messages.length > 0);
    const paths = (await qstash.requests()).slice(-2).map(({ path }) => path.split("?")[0]);
    assert.equal(paths[0], paths[1]);
  });
}

test("a page leads to the next, as with the official client", async () => {
  await qstash.plant({ count: 5 });
  const first = await client.dlq.list({ count: 2 });
  assert.equal(first.messages.length, 2);
  const parameters = { count: 2, cursor: first.cursor };
  assert.deepEqual(await client.dlq.list(parameters), await official.dlq.list(parameters));
});

for (const operation of ["resume", "restart"]) {
  test(`${operation} of a list of ids, in each shape, answers as the official client's`, async () => {
    const shapes = [
      (dlq, ids) => dlq[operation](ids),
      (dlq, ids) => dlq[operation]({ dlqIds: ids }),
      (dlq, ids) => dlq[operation]({ dlqId: ids }),
      (dlq) => dlq[operation]([]),
    ];
    for (const call of shapes) {
      await qstash.reset();
      await qstash.plant({ count: 6 });
      const ids = await idsInQueue();
      const [ours, theirs] = [await call(client.dlq, ids.slice(0, 3)), await call(official.dlq, ids.slice(3))];
      const shape = (value) => JSON.parse(JSON.stringify(value).replaceAll(/wfr_[\w-]+/g, "id").replaceAll(/\d{13}/g, "0"));
      assert.deepEqual(shape(ours), shape(theirs));
    }
  });
}

test("delete of a list answers as the official client's", async () => {
  await qstash.plant({ count: 6 });
  const ids = await idsInQueue();
  assert.deepEqual(await client.dlq.delete(ids.slice(0, 3)), await official.dlq.delete(ids.slice(3)));
  assert.deepEqual(await client.dlq.delete([]), await official.dlq.delete([]));
  assert.deepEqual(await idsInQueue(), []);
});

test("more than 50 ids are split", async () => {
  await qstash.plant({ count: 120 });
  const { workflowRuns } = await client.dlq.resume(await idsInQueue());
  assert.equal(new Set(workflowRuns.map(({ workflowRunId }) => workflowRunId)).size, 120);
});

test("where an id is gone, the others are acted on, and the error says which was not", async () => {
  await qstash.plant({ count: 3 });
  const [first, ...others] = await idsInQueue();
  await client.dlq.delete(first);
  await assert.rejects(client.dlq.resume([first, ...others]), (error) => {
    assert.equal(error.code, "not_found");
    assert.deepEqual(error.acted.gone, [first]);
    assert.equal(error.acted.done.length, 2);
    return true;
  });
});

test("a failure callback that failed is delivered again, as by the official client", async () => {
  const [ours, theirs] = [
    await qstash.plant({ failureFunctionState: "CALLBACK_FAIL" }),
    await qstash.plant({ failureFunctionState: "CALLBACK_FAIL" }),
  ];
  const mine = await client.dlq.retryFailureFunction({ dlqId: ours.dlqId });
  const other = await official.dlq.retryFailureFunction({ dlqId: theirs.dlqId });
  assert.deepEqual(Object.keys(mine).sort(), Object.keys(other).sort());
});

test("a failure callback that is in progress is canceled", async () => {
  const { dlqId } = await qstash.plant({ failureFunctionState: "CALLBACK_INPROGRESS" });
  await client.dlq.cancelFailureFunction({ dlqId });
  const entry = await client.dlq.get(dlqId);
  assert.match(JSON.stringify(entry), /CALLBACK_CANCELED/);
});

test("everything that a filter selects is restarted page by page, and nothing else", async () => {
  await qstash.plant({ count: 130, labels: ["red"] });
  await qstash.plant({ count: 3, labels: ["blue"] });
  const steps = await collect(client.dlq.restartAll({ filter: { label: "red" } }, { retries: 1 }));
  assert.deepEqual(steps.map(({ totals }) => totals.done), [...new Set(steps.map(({ totals }) => totals.done))]);
  assert.ok(steps.length >= 2);
  assert.equal(steps.at(-1).totals.done, 130);
  assert.equal((await idsInQueue()).length, 3);
});

test("a job ends at its limit, and where the caller stops asking", async () => {
  await qstash.plant({ count: 250 });
  await collect(client.dlq.deleteAll({ all: true }, { limit: 30 }));
  assert.equal((await idsInQueue()).length, 220);
  for await (const { totals } of client.dlq.deleteAll({ all: true }, { concurrency: 1 })) {
    assert.equal(totals.done, 100);
    break;
  }
  assert.equal((await idsInQueue()).length, 120);
});

test("a signal ends a job between two requests", async () => {
  await qstash.plant({ count: 250 });
  const controller = new AbortController();
  const job = client.dlq.deleteAll({ all: true }, { signal: controller.signal, concurrency: 1 });
  await job.next();
  controller.abort(new Error("enough"));
  await assert.rejects(job.next(), /enough/);
  assert.equal((await idsInQueue()).length, 150);
});

/** Failures of ten minutes, an hour ago. */
const outage = (count) => ({ count, failedAt: Date.now() - 4_200_000, spread: Math.ceil(600_000 / count) });

/** A client that notes how many of its requests there are at once, and waits before it hands on an answer. */
function watched(pause = async () => {}) {
  const seen = { open: 0, peak: 0, requests: 0 };
  const watching = async (url, init) => {
    seen.requests += 1;
    seen.open += 1;
    seen.peak = Math.max(seen.peak, seen.open);
    try {
      const response = await fetch(url, init);
      await pause(url, init);
      return response;
    } finally {
      seen.open -= 1;
    }
  };
  return [new Client({ token: qstash.token, baseUrl: qstash.url, fetch: watching }), seen];
}

for (const concurrency of [undefined, 3]) {
  test(`calls of a job overlap, ${concurrency ?? "by default 24"} at once`, async () => {
    await qstash.plant(outage(3000));
    const [overlapping, seen] = watched(() => new Promise((resolve) => setTimeout(resolve, 10)));
    const steps = await collect(overlapping.dlq.resumeAll({ all: true }, { concurrency }));
    assert.equal(steps.at(-1).totals.done, 3000);
    assert.equal(new Set(steps.flatMap(({ done }) => done)).size, 3000);
    assert.equal(seen.peak, concurrency ?? 24);
    // Pages, two calls for each, the look at what is left, and the ends of the stretches of time.
    assert.ok(seen.requests <= 30 * 3 + 1 + 35, `${seen.requests} requests`);
  });
}

test("a bad concurrency is refused", () => {
  for (const concurrency of [0, 1.5, 101, "4", null]) {
    assert.throws(() => client.dlq.deleteAll({ all: true }, { concurrency }), /`concurrency` must be/);
  }
});

for (const [how, stop] of [
  ["a signal", (controller) => controller.abort(new Error("enough"))],
  ["the caller, who learns no more,", () => true],
]) {
  test(`where ${how} ends a job of many calls, nothing is left under way, and nothing unknown`, async () => {
    await qstash.plant(outage(3000));
    const controller = new AbortController();
    const [overlapping, seen] = watched();
    const told = new Set();
    const run = async () => {
      for await (const { done, totals } of overlapping.dlq.deleteAll({ all: true }, { signal: controller.signal })) {
        for (const id of done) told.add(id);
        assert.equal(told.size, totals.done);
        if (totals.done >= 500 && stop(controller)) break;
      }
    };
    await (how === "a signal" ? assert.rejects(run(), /enough/) : run());
    assert.equal(seen.open, 0);
    const before = seen.requests;
    const left = new Set(await idsInQueue());
    assert.equal(seen.requests, before);
    assert.ok(told.size >= 500 && told.size < 3000 && left.size > 0);
    assert.ok([...told].every((id) => !left.has(id)));
    if (how === "a signal") assert.equal(told.size + left.size, 3000);
  });
}

test("what ends one call of many ends the job, when the others have come to their end", async () => {
  await qstash.plant(outage(3000));
  let acts = 0;
  const refusing = async (url, init) => {
    if (init.method === "POST" && (acts += 1) > 20) return new Response('{"error":"unauthorized"}', { status: 401 });
    return fetch(url, init);
  };
  const refused = new Client({ token: qstash.token, baseUrl: qstash.url, fetch: refusing });
  const steps = [];
  await assert.rejects(async () => {
    for await (const step of refused.dlq.resumeAll({ all: true })) steps.push(step);
  }, { code: "unauthorized", status: 401 });
  const { done } = steps.at(-1).totals;
  assert.ok(done > 500 && done <= 1000, `${done} done`);
  assert.equal(steps.flatMap((step) => step.done).length, done);
  assert.ok(steps.flatMap(({ untouched }) => untouched).length > 0);
  assert.equal((await idsInQueue()).length, 3000 - done);
});

test("10,000 entries are resumed exactly once while 5 % of answers are lost, 5 % are 429 and 5 % are 500", async (t) => {
  await qstash.plant(outage(10_000));
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const resumed = new Map();
  let [requests, open, peak] = [0, 0, 0];
  const flaky = async (url, init) => {
    open += 1;
    peak = Math.max(peak, open);
    try {
      return await answer(url, init);
    } finally {
      open -= 1;
    }
  };
  const answer = async (url, init) => {
    requests += 1;
    const fate = random();
    if (fate < 0.05) return new Response("", { status: 429, headers: { "Retry-After": "0" } });
    if (fate < 0.1) return new Response('{"error":"down"}', { status: 500 });
    const response = await fetch(url, init);
    if (init.method === "POST" && response.ok) {
      for (const id of new URL(url).searchParams.getAll("dlqIds")) resumed.set(id, (resumed.get(id) ?? 0) + 1);
    }
    if (fate >= 0.15) return response;
    await response.arrayBuffer();
    throw new TypeError("terminated");
  };
  const patient = new Client({ token: qstash.token, baseUrl: qstash.url, fetch: flaky, retry: { attempts: 12 } });
  const steps = await collect(patient.dlq.resumeAll({ all: true }));
  const { totals } = steps.at(-1);
  assert.equal(totals.done, 10_000);
  assert.equal(totals.ambiguous + totals.refused + totals.gone, 0);
  assert.ok(steps.length >= 100, "progress is reported");
  assert.equal(resumed.size, 10_000);
  assert.ok([...resumed.values()].every((count) => count === 1));
  assert.equal(peak, 24);
  t.diagnostic(`${requests / 10} requests per 1,000 runs`);
});
