/**
 * Failure callbacks over HTTP: the Worker as it ships beside the official SDKs' and the floors.
 *
 *     node benches/compare/index.mjs [--rounds 5] [--seconds 2] [--only "2 KB"] [--with redrive,by-hand]
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CASES } from "./cases.mjs";
import { PEER } from "./contenders.mjs";
import { medians, ratio } from "./figures.mjs";
import { startRig } from "./rig.mjs";
import { compare } from "./rounds.mjs";

const ALL = [PEER, "by-hand", "redrive", "redrive-ledger", "body-and-fetch", "fetch-alone"];

const { values } = parseArgs({
  options: {
    rounds: { type: "string", default: "5" },
    seconds: { type: "string", default: "2" },
    only: { type: "string", multiple: true },
    with: { type: "string", default: ALL.join(",") },
    out: { type: "string" },
  },
});

const names = [...new Set([PEER, ...values.with.split(",")])];
const cases = CASES.filter(({ name }) => values.only?.includes(name) ?? true);
const rig = await startRig();
const options = { rig, rounds: Number(values.rounds), seconds: Number(values.seconds), warmUp: 1 };
const results = [];
for (const one of cases) {
  const samples = await compare(one, names, options);
  const rows = [...samples].map(([name, of]) => {
    const base = samples.get(PEER);
    return { name, ...medians(of), ratio: ratio(of, base, "rate"), cpuRatio: ratio(of, base, "cpu") };
  });
  results.push({ case: one.name, bytes: one.load.bytes, kind: one.load.kind, goal: one.goal, least: one.least, rows });
  print(one, rows);
}
rig.stop();
if (values.out) writeFileSync(values.out, `${JSON.stringify(results, null, 1)}\n`);

function print({ name, load, goal, least }, rows) {
  console.log(`\n${name}, ${load.connections} connections (goal ${goal}, least ${least})`);
  console.table(
    Object.fromEntries(
      rows.map(({ name, ...row }) => [
        name,
        {
          "req/s": Math.round(row.rate),
          ratio: row.ratio.toFixed(2),
          "CPU s/10k": row.cpu.toFixed(2),
          "CPU ratio": row.cpuRatio.toFixed(2),
          "p50 ms": row.p50.toFixed(2),
          "p99 ms": row.p99.toFixed(2),
          "RSS MB": Math.round(row.resident),
          "peak MB": Math.round(row.peak),
        },
      ]),
    ),
  );
}
