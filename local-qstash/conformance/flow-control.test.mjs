/** Flow control: limits per key, enforced on deliveries, and the calls that watch and change them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Client } from "@upstash/qstash";
import { assertRejected, clientOf, host, poll, runSucceeds, startRecorder, useLocalQstash } from "./harness.mjs";

const SDK = { "upstash-workflow-sdk-version": "1" };
const qstash = useLocalQstash();

/** An endpoint that answers when told to, and knows how many requests it holds and held at most. */
async function startGate(t) {
  const waiting = [];
  const gate = { most: 0, seen: 0, held: () => waiting.length, open: () => waiting.splice(0).forEach((go) => go()) };
  const recorder = await startRecorder(async () => {
    gate.seen += 1;
    await new Promise((resolve) => {
      waiting.push(resolve);
      gate.most = Math.max(gate.most, waiting.length);
    });
    return { headers: SDK };
  });
  t.after(async () => {
    gate.open();
    await recorder.stop();
  });
  return { ...gate, url: `${recorder.url}/endpoint`, state: gate };
}

/** Triggers runs under the flow control setting. */
function triggerMany(url, count, flowControl) {
  return clientOf(qstash).trigger(Array.from({ length: count }, () => ({ url, flowControl })));
}

/** The official client's view of flow control. */
function flows() {
  return new Client({ baseUrl: qstash.url, token: qstash.token, retry: false }).flowControl;
}

/** Proves that nothing more is sent: a run outside the key, triggered later, comes through first. */
async function somethingElsePasses(t) {
  const recorder = await startRecorder(() => ({ headers: SDK }));
  t.after(recorder.stop);
  await clientOf(qstash).trigger({ url: recorder.url, delay: "1m" });
  await recorder.waitFor(1);
}

test("parallelism bounds the deliveries that run at the same time", async (t) => {
  const gate = await startGate(t);
  await triggerMany(gate.url, 7, { key: "narrow", parallelism: 3 });

  for (const seen of [3, 6, 7]) {
    await poll(() => gate.state.seen === seen);
    await somethingElsePasses(t);
    assert.equal(gate.state.seen, seen);
    gate.open();
  }

  assert.equal(gate.state.most, 3);
});

test("keys do not slow each other down", async (t) => {
  const gate = await startGate(t);
  await triggerMany(gate.url, 2, { key: "one", parallelism: 1 });
  await triggerMany(gate.url, 2, { key: "two", parallelism: 1 });

  await poll(() => gate.held() === 2);

  assert.equal((await flows().get("one")).waitListSize, 1);
  assert.equal((await flows().get("two")).waitListSize, 1);
});

test("rate bounds the starts per period", async (t) => {
  const times = [];
  const recorder = await startRecorder(() => {
    times.push(performance.now());
    return { headers: SDK };
  });
  t.after(recorder.stop);

  await triggerMany(recorder.url, 6, { key: "slow", rate: 2, period: "10m" });
  await recorder.waitFor(6);

  // Two at once, two after a scaled period of 600 ms, two after the second one. The tolerance is for the way of the first to here.
  assert.ok(times[2] - times[0] >= 400, `third start after ${times[2] - times[0]} ms`);
  assert.ok(times[4] - times[0] >= 1000, `fifth start after ${times[4] - times[0]} ms`);
});

test("the limits of the trigger hold for every step and are told to the endpoint", async (t) => {
  let inside = 0;
  let most = 0;
  const app = await host(t, qstash, {
    routes: {
      "/order": async (context) => {
        for (const name of ["one", "two"]) {
          await context.run(name, async () => {
            inside += 1;
            most = Math.max(most, inside);
            await new Promise((resolve) => setImmediate(resolve));
            inside -= 1;
          });
        }
      },
    },
  });

  const runs = await triggerMany(`${app.url}/order`, 4, { key: "single", parallelism: 1 });
  await Promise.all(runs.map(({ workflowRunId }) => runSucceeds(qstash, workflowRunId)));

  assert.equal(most, 1);
  for (const { headers } of app.deliveries) {
    assert.equal(headers["upstash-flow-control-key"], "single");
    assert.match(headers["upstash-flow-control-value"], /parallelism=1/);
  }
});

test("a paused key sends nothing until it goes on", async (t) => {
  const gate = await startGate(t);
  await flows().pause("held");
  await triggerMany(gate.url, 2, { key: "held", parallelism: 5 });

  await somethingElsePasses(t);
  assert.equal(gate.state.seen, 0);
  const { isPaused, waitListSize } = await flows().get("held");
  assert.deepEqual([isPaused, waitListSize], [true, 2]);

  await flows().resume("held");
  await poll(() => gate.state.seen === 2);
  assert.equal((await flows().get("held")).isPaused, false);
});

test("a pinned limit wins over what triggers say, until it is unpinned", async (t) => {
  const gate = await startGate(t);
  await flows().pin("pinned", { parallelism: 1 });
  await triggerMany(gate.url, 3, { key: "pinned", parallelism: 3 });
  await poll(() => gate.state.seen === 1);
  await somethingElsePasses(t);
  assert.equal(gate.state.seen, 1);

  await flows().unpin("pinned", { parallelism: true });
  await triggerMany(gate.url, 1, { key: "pinned", parallelism: 3 });
  await poll(() => gate.state.seen >= 3);
});

test("an unknown key is 404 and a known one is in the list", async (t) => {
  const gate = await startGate(t);
  await triggerMany(gate.url, 1, { key: "known", parallelism: 1 });
  await poll(() => gate.held() === 1);

  await assertRejected(flows().get("unknown"), 404);
  const list = await (await qstash.api("/v2/flowControl")).json();
  assert.ok(JSON.stringify(list).includes('"known"'));
});
