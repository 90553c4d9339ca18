/**
 * `Receiver.verify` of the npm package beside the official one, in Node.js. A forgery is a token that another key signed.
 *
 *     node benches/receiver/index.mjs [--rounds 9] [--millis 40] [--out FILE]
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

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, millis: { type: "string", default: "40" }, out: { type: "string" } },
});

const ours = new Receiver(KEYS);
const official = new OfficialReceiver({ ...KEYS, devMode: false });

const rows = [];
for (const [size, length] of Object.entries(SIZES)) await compare(size, length);
await compare("1 KB, forged", KIB, { key: "sig_of_somebody_else" });

console.table(
  Object.fromEntries(
    rows.map(({ case: name, ours, official, ratio, goal }) => [
      name,
      { "ours/s": Math.round(ours), "official/s": Math.round(official), ratio: ratio.toFixed(2), goal: goal ?? "" },
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
  const samples = await interleaved({
    text: verifying(ours, { signature, body }, isGood),
    bytes: verifying(ours, { signature, body: bytes }, isGood),
    official: verifying(official, { signature, body }, isGood),
  });
  const rate = (contender) => median(samples[contender].map((sample) => sample.rate));
  const row = (contender) => ({ ours: rate(contender), official: rate("official"), ratio: ratio(samples[contender], samples.official, "rate") });
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

/** Rates of each contender, a round at a time, so that a machine that slows down slows all of them. */
async function interleaved(contenders) {
  const samples = Object.fromEntries(Object.keys(contenders).map((name) => [name, []]));
  for (let round = -1; round < Number(values.rounds); round += 1) {
    for (const [name, call] of Object.entries(contenders)) {
      const rate = await measured(call, Number(values.millis));
      // The first round warms up.
      if (round >= 0) samples[name].push({ rate });
    }
  }
  return samples;
}

async function measured(call, millis) {
  const start = performance.now();
  let calls = 0;
  let spent = 0;
  while (spent < millis) {
    await call();
    calls += 1;
    spent = performance.now() - start;
  }
  return (calls * 1000) / spent;
}
