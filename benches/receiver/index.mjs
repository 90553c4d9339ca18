/**
 * `Receiver.verify` of the npm package beside the official one, in Node.js. A forgery is a token that another key signed.
 *
 *     node benches/receiver/index.mjs [--rounds 9] [--millis 40] [--out FILE]
 *
 * Each is measured with one call at a time and with many side by side, as a busy server has them. The official receiver
 * hashes in WebCrypto, which is a thread of its own: a call alone waits until that has been woken, which takes longer the
 * less the machine has to do, and with many there is always one at work. Processor time counts both threads.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Receiver as OfficialReceiver } from "@upstash/qstash";
import { Receiver } from "../../pkg/index.mjs";
import { signToken } from "../../tests/support/sign.mjs";
import { median, ratio } from "../compare/figures.mjs";

const KEYS = { currentSigningKey: "sig_current", nextSigningKey: "sig_next" };
const CALLED = "https://app.example/api/failed";
const KIB = 1024;
const SIZES = { "1 KB": KIB, "64 KB": 64 * KIB, "1 MB": KIB * KIB, "10 MB": 10 * KIB * KIB };
const GOALS = { "1 KB": 5, "1 MB": 1.5, "10 MB": 1.5, "1 KB, forged": 10 };
/** As many calls side by side as there may be, but no more than so many bytes of bodies. */
const MANY = 32;
const MANY_BYTES = 32 * KIB * KIB;

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, millis: { type: "string", default: "40" }, out: { type: "string" } },
});

const ours = new Receiver(KEYS);
const official = new OfficialReceiver({ ...KEYS, devMode: false });

const rows = [];
for (const [size, length] of Object.entries(SIZES)) await compare(size, length);
await compare("1 KB, forged", KIB, { key: "sig_of_somebody_else" });

const shown = ({ ours, official, ratio }) => `${Math.round(ours)} / ${Math.round(official)} = ${ratio.toFixed(2)}`;
console.log("ours / official: calls a second, one at a time and many side by side; how often one call fits into the other's processor time");
console.table(
  Object.fromEntries(
    rows.map(({ case: name, alone, many, cpu, goal }) => [
      name,
      { alone: shown(alone), many: shown(many), CPU: cpu.toFixed(2), goal: goal ?? "" },
    ]),
  ),
);
if (values.out) writeFileSync(values.out, `${JSON.stringify(rows.map(({ goal, ...row }) => row), null, 1)}\n`);

/** Adds two rows: of texts, and of bytes, which the official receiver does not take: it gets the text all the same. */
async function compare(name, length, { key = KEYS.currentSigningKey } = {}) {
  const bytes = callback(length);
  const body = bytes.toString();
  const signature = signToken({ key, url: CALLED, body });
  const isGood = key === KEYS.currentSigningKey;
  const many = Math.max(2, Math.min(MANY, MANY_BYTES / length));
  const samples = await interleaved(many, {
    text: verifying(ours, { signature, body }, isGood),
    bytes: verifying(ours, { signature, body: bytes }, isGood),
    official: verifying(official, { signature, body }, isGood),
  });
  const figures = (contender, way) => {
    const rate = (of) => median(samples[of][way].map((sample) => sample.rate));
    return { ours: rate(contender), official: rate("official"), ratio: ratio(samples[contender][way], samples.official[way], "rate") };
  };
  const row = (contender) => ({
    alone: figures(contender, "alone"),
    many: figures(contender, "many"),
    cpu: ratio(samples[contender].many, samples.official.many, "perCpu"),
  });
  rows.push({ case: name, ...row("text"), goal: GOALS[name] }, { case: `${name}, bytes`, ...row("bytes") });
}

/** Something like a failure callback, of exactly `length` bytes. */
function callback(length) {
  const [head, tail] = ['{"status":500,"sourceBody":"', '"}'];
  return Buffer.from(head + "eyJhIjoxfQ".repeat(length / 10).slice(0, length - head.length - tail.length) + tail);
}

/** One call, which must come out as `isGood` says: a receiver that refuses everything would be fast. */
function verifying(receiver, call, isGood) {
  return async () => {
    const passed = await receiver.verify(call).catch(() => false);
    if (passed !== isGood) throw new Error(isGood ? "a good token was refused" : "a forged token passed");
  };
}

/** Samples of each contender, a round at a time and in another order each, so that a machine that slows down slows all. */
async function interleaved(many, contenders) {
  const names = Object.keys(contenders);
  const samples = Object.fromEntries(names.map((name) => [name, { alone: [], many: [] }]));
  // What is compiled only after thousands of calls is compiled in these rounds.
  const warmUp = 3;
  for (let round = -warmUp; round < Number(values.rounds); round += 1) {
    for (const name of names) {
      const alone = await measured(contenders[name], 1);
      const side = await measured(contenders[name], many);
      if (round >= 0) {
        samples[name].alone.push(alone);
        samples[name].many.push(side);
      }
    }
    names.push(names.shift());
  }
  return samples;
}

/** Calls a second, and in a second of processor time. */
async function measured(call, lanes) {
  const cpu = process.cpuUsage();
  const start = performance.now();
  let calls = 0;
  let spent = 0;
  const lane = async () => {
    while (spent < Number(values.millis)) {
      await call();
      calls += 1;
      spent = performance.now() - start;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  const { user, system } = process.cpuUsage(cpu);
  return { rate: (calls * 1000) / (performance.now() - start), perCpu: (calls * 1e6) / (user + system) };
}
