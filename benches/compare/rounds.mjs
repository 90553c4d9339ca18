/**
 * The contenders in turn, round after round: the machine's speed drifts, so that only what was measured side by side can be
 * compared. Each has a process of its own, which rests while another is under load.
 */
import { contender } from "./contenders.mjs";
import { isFor } from "./cases.mjs";
import { start } from "./workerd.mjs";

/**
 * One contender's load in one round. Seconds of processor time are for 10,000 requests; megabytes are a million bytes.
 * @typedef {{ rate: number, cpu: number, p50: number, p99: number, resident: number, peak: number }} Sample
 */

/**
 * @param {import("./cases.mjs").Case} one
 * @param {string[]} names
 * @param {{ rig: object, rounds: number, seconds: number, warmUp: number }} options
 * @returns {Promise<Map<string, Sample[]>>} a sample for each round
 */
export async function compare(one, names, { rig, rounds, seconds, warmUp }) {
  const takers = names.filter((name) => isFor(one, name));
  const running = new Map();
  const samples = new Map(takers.map((name) => [name, []]));
  try {
    for (const name of takers) running.set(name, await start(contender(name), rig.api));
    for (const name of takers) await measure(one, running.get(name), rig, warmUp, name);
    for (let round = 0; round < rounds; round += 1) {
      for (const name of turned(takers, round)) {
        samples.get(name).push(await measure(one, running.get(name), rig, seconds, name));
      }
    }
  } finally {
    for (const worker of running.values()) await worker.stop();
  }
  return samples;
}

/** Nobody is always first. */
function turned(names, round) {
  const at = round % names.length;
  return [...names.slice(at), ...names.slice(0, at)];
}

async function measure(one, worker, rig, seconds, name) {
  worker.forgetPeak();
  const before = worker.cpuSeconds();
  const seen = await rig.load(worker.port, { ...one.load, seconds });
  const used = worker.cpuSeconds() - before;
  check(one, seen, name);
  const { resident, peak } = worker.memory();
  return {
    rate: seen.answers / seen.seconds,
    cpu: (used / seen.answers) * 10_000,
    p50: seen.p50,
    p99: seen.p99,
    resident,
    peak,
  };
}

/** A Worker that answers something else is fast for nothing. */
function check({ name: what, status }, { answers, statuses, resumed }, name) {
  const expected = status === 200 ? answers : 0;
  if (answers === 0 || statuses[status] !== answers || resumed !== expected) {
    throw new Error(`${name}, ${what}: expected ${status} and ${expected} resumes, saw ${JSON.stringify({ statuses, resumed })}`);
  }
}
