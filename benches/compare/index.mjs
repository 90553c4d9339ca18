/**
 * Failure callbacks over HTTP: the Worker as it ships beside the official SDKs' and the floors.
 *
 *     node benches/compare/index.mjs [--rounds 5] [--seconds 2] [--only "2 KB"] [--with redrive,by-hand] [--out FILE]
 *
 * Without `--only` also what large bodies cost in memory, and start-up.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { CASES } from "./cases.mjs";
import { PEER } from "./contenders.mjs";
import { medians, ratio } from "./figures.mjs";
import { memory } from "./memory.mjs";
import { startRig } from "./rig.mjs";
import { compare } from "./rounds.mjs";
import { startup } from "./startup.mjs";
import { showCase, showMemory, showStartup } from "./tables.mjs";

const ALL = [PEER, "by-hand", "redrive", "redrive-ledger", "body-and-fetch", "fetch-alone"];
/** Those that are looked at apart from load. */
const WORKERS = [PEER, "by-hand", "redrive"];
/** Processes that are started for each, which take little time. */
const MEMORY_ROUNDS = 3;
const STARTUP_ROUNDS = 21;

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
const rig = await startRig();
const options = { rig, rounds: Number(values.rounds), seconds: Number(values.seconds), warmUp: 1 };
const results = { rounds: options.rounds, seconds: options.seconds, cases: [] };
for (const one of CASES.filter(({ name }) => values.only?.includes(name) ?? true)) {
  const samples = await compare(one, names, options);
  const rows = [...samples].map(([name, of]) => {
    const base = samples.get(PEER);
    return { name, ...medians(of), ratio: ratio(of, base, "rate"), cpuRatio: ratio(of, base, "cpu"), p99Ratio: ratio(of, base, "p99") };
  });
  showCase(one, rows);
  results.cases.push({ case: one.name, bytes: one.load.bytes, kind: one.load.kind, goal: one.goal, least: one.least, rows });
}
if (!values.only) {
  results.memory = [];
  for (const name of WORKERS) results.memory.push(await memory(name, rig, MEMORY_ROUNDS));
  showMemory(results.memory);
  results.startup = await startup(WORKERS, rig, STARTUP_ROUNDS);
  showStartup(results.startup);
}
rig.stop();
if (values.out) writeFileSync(values.out, `${JSON.stringify(results, null, 1)}\n`);
