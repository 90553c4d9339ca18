/**
 * A dead letter queue is emptied: by the loop that the official SDK documents, and by `resumeAll`; with `--sequential`
 * also by `resumeAll` with one call at a time. local-qstash keeps the queue, and each of its answers takes 50 ms longer.
 *
 * node benches/bulk/bulk.mjs [--entries 10000] [--latency 50] [--rounds 3] [--sequential] [--json FILE]
 *
 * Prints a table, and as last line the same as JSON. The contenders take turns, so that a machine that is slow for a
 * while is slow for all of them. Needs `make build-npm` and a local-qstash, see tests/support/local-qstash.mjs.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Client as OfficialClient } from "@upstash/workflow";
import { Client } from "../../pkg/index.mjs";
import { startLocalQstash } from "../../tests/support/local-qstash.mjs";

const { values } = parseArgs({
  options: {
    entries: { type: "string", default: "10000" },
    latency: { type: "string", default: "50" },
    rounds: { type: "string", default: "3" },
    sequential: { type: "boolean" },
    json: { type: "string" },
  },
});
const [entries, latency, rounds] = [values.entries, values.latency, values.rounds].map(Number);
/** The goal of the project: so many times the speed of the official loop. */
const GOAL = 8;

/** The failures of an outage of ten minutes that is over for an hour. */
const outage = () => ({ count: entries, failedAt: Date.now() - 4_200_000, spread: Math.max(1, Math.floor(600_000 / entries)) });
/** Resumed runs are delivered one a second, so that their deliveries cost nothing. */
const slowly = { flowControlKey: "bench", flowControlValue: "rate=1" };

/** As documented at the SDK's `client.dlq.resume`. */
async function official({ token, url }) {
  const client = new OfficialClient({ token, baseUrl: url, devMode: false });
  let cursor;
  let done = 0;
  do {
    const result = await client.dlq.resume({ all: true, count: 100, cursor });
    done += result.workflowRuns.length;
    cursor = result.cursor;
  } while (cursor);
  return done;
}

const ours = (options) => async ({ token, url }) => {
  const client = new Client({ token, baseUrl: url });
  let done = 0;
  for await (const { totals } of client.dlq.resumeAll({ all: true }, options)) done = totals.done;
  return done;
};

const CONTENDERS = { "official loop": official, resumeAll: ours({}) };
if (values.sequential) CONTENDERS["resumeAll, one at a time"] = ours({ concurrency: 1 });

/** Counts the calls that pass through `fetch`, and how many there are at once. */
const counter = { calls: 0, open: 0, peak: 0 };
const plain = globalThis.fetch;
globalThis.fetch = async (...call) => {
  counter.calls += 1;
  counter.open += 1;
  counter.peak = Math.max(counter.peak, counter.open);
  try {
    return await plain(...call);
  } finally {
    counter.open -= 1;
  }
};

async function measure(qstash, contender) {
  await qstash.reset();
  await qstash.plant({ ...outage(), ...slowly });
  Object.assign(counter, { calls: 0, open: 0, peak: 0 });
  const start = performance.now();
  const done = await contender(qstash);
  const seconds = (performance.now() - start) / 1000;
  if (done !== entries) throw new Error(`resumed ${done} of ${entries}`);
  return { seconds, requests: counter.calls, peak: counter.peak };
}

function median(numbers) {
  const sorted = numbers.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

const qstash = await startLocalQstash({ timeScale: 1, faults: [`slow:1:${latency}ms`] });
const runs = Object.fromEntries(Object.keys(CONTENDERS).map((name) => [name, []]));
try {
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, contender] of Object.entries(CONTENDERS)) runs[name].push(await measure(qstash, contender));
  }
} finally {
  await qstash.stop();
}

const results = Object.entries(runs).map(([name, measured]) => ({
  name,
  seconds: median(measured.map(({ seconds }) => seconds)),
  // Of pairs of the same round.
  ratio: median(measured.map(({ seconds }, round) => runs["official loop"][round].seconds / seconds)),
  requests: median(measured.map(({ requests }) => requests)),
  peak: Math.max(...measured.map(({ peak }) => peak)),
}));
const rounded = (number, digits) => Number(number.toFixed(digits));
console.log(`${entries} entries, ${latency} ms latency, medians of ${rounds} rounds\n`);
console.log("| | seconds | times the official loop's speed | requests | most at once |");
console.log("|---|---|---|---|---|");
for (const { name, seconds, ratio, requests, peak } of results) {
  console.log(`| ${name} | ${seconds.toFixed(2)} | ${ratio.toFixed(1)} | ${requests} | ${peak} |`);
}
const reached = results.find(({ name }) => name === "resumeAll").ratio >= GOAL;
const report = JSON.stringify({
  bench: "bulk",
  entries,
  latency,
  rounds,
  goal: GOAL,
  reached,
  results: results.map((result) => ({ ...result, seconds: rounded(result.seconds, 3), ratio: rounded(result.ratio, 2) })),
});
if (values.json !== undefined) writeFileSync(values.json, `${report}\n`);
console.log(`\n${report}`);
