/**
 * Verify, extract and decide of the npm package, in Node.js and in workerd, beside what JavaScript does without it.
 *
 *     node benches/micro/index.mjs [--rounds 9] [--millis 30] [--out FILE]
 *
 * A figure is the median of all rounds, in which the contenders take turns. Needs `make build-npm`.
 */
import { deepStrictEqual as same } from "node:assert";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { signToken, unixNow } from "../../tests/support/sign.mjs";
import { median, ratio } from "../compare/figures.mjs";
import { firstCalls } from "./cold.mjs";
import { CASES, KEYS, URL_CALLED, callback } from "./parts.mjs";
import { inNode, inWorkerd } from "./runtimes.mjs";

const COLD_ROUNDS = 15;

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, millis: { type: "string", default: "30" }, out: { type: "string" } },
});
const rounds = Number(values.rounds);
const millis = Number(values.millis);

const results = { rounds, parts: [], firstCalls: await firstCalls(COLD_ROUNDS) };
for (const runtime of [inNode(), await inWorkerd()]) {
  try {
    for (const one of CASES) results.parts.push(await compare(runtime, one));
  } finally {
    await runtime.stop();
  }
}
show("Microseconds a call", results.parts, ({ runtime, part, size, micros, ratio }) => [
  `${part}, ${size}, ${runtime}`,
  { redrive: micros.redrive.toFixed(2), others: Object.values(micros)[1]?.toFixed(2) ?? "", ratio: ratio?.toFixed(2) ?? "" },
]);
show("Milliseconds in a new Node.js", results.firstCalls, ({ name, import: imported, first, compile }) => [
  name,
  { import: imported.toFixed(1), "first call": first.toFixed(1), "of it compiling": compile.toFixed(1) },
]);
if (values.out) writeFileSync(values.out, `${JSON.stringify(results, null, 1)}\n`);

/** `ratio` says how many times as fast ours is. */
async function compare(runtime, { part, size, contenders }) {
  const body = callback(size);
  // Good for as long as all this may take.
  const signature = signToken({ key: KEYS.currentSigningKey, url: URL_CALLED, body, claims: { exp: unixNow() + 3600 } });
  const order = (who, times) => ({ part, size, who, times, signature });
  await check(runtime, part, contenders, order);
  const times = new Map();
  for (const who of contenders) times.set(who, await enough(runtime, order, who));
  const samples = Object.fromEntries(contenders.map((who) => [who, []]));
  for (let round = 0; round < rounds; round += 1) {
    const nothing = await timed(runtime, order(contenders[0], 0));
    for (const who of contenders) {
      const took = (await timed(runtime, order(who, times.get(who)))) - nothing;
      samples[who].push({ rate: times.get(who) / took });
    }
  }
  const micros = Object.fromEntries(contenders.map((who) => [who, 1000 / median(samples[who].map(({ rate }) => rate))]));
  const [ours, theirs] = contenders;
  return { runtime: runtime.name, part, size, micros, ratio: theirs && ratio(samples[ours], samples[theirs], "rate") };
}

/** What answers something else is fast for nothing. */
async function check(runtime, part, contenders, order) {
  const answers = [];
  for (const who of contenders) answers.push(plain(await runtime.run(order(who, 1))));
  for (const answer of answers) same(answer, answers[0]);
  if (part === "verify") same(answers[0], true);
  if (part.startsWith("decide")) same(answers[0].action, "resume");
}

/** Workers answer with JSON, where `undefined` is nothing. */
function plain(answer) {
  return JSON.parse(JSON.stringify(answer));
}

/** How many calls fill the time of a sample. This also warms up. */
async function enough(runtime, order, who) {
  for (let times = 1; ; times *= 2) {
    const took = await timed(runtime, order(who, times));
    if (took >= millis) return Math.ceil((times * millis) / took);
  }
}

async function timed(runtime, order) {
  const begun = performance.now();
  await runtime.run(order);
  return performance.now() - begun;
}

function show(title, rows, row) {
  console.log(`\n${title}`);
  console.table(Object.fromEntries(rows.map(row)));
}
