/**
 * From the start of the process to the first answer, beside the least that a Worker is: until the modules are compiled, and
 * the first request.
 */
import { contender } from "./contenders.mjs";
import { median } from "./figures.mjs";
import { start } from "./workerd.mjs";

const LEAST = "empty";
const ONE = { kind: "genuine", bytes: 2048, connections: 1, requests: 1, seconds: 60 };

/**
 * Milliseconds, and those above the least Worker's.
 *
 * @typedef {object} Startup
 * @property {string} name
 * @property {number} firstAnswer All in all.
 * @property {number} above
 * @property {number} loadedAbove Of these, until its modules are compiled and have run.
 * @property {number} requestAbove And the first request.
 */

/** @returns {Promise<Startup[]>} */
export async function startup(names, rig, rounds) {
  const all = [LEAST, ...names];
  const samples = new Map(all.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of all) samples.get(name).push(await once(name, rig));
  }
  const above = (name, field) => median(samples.get(name).map((sample, round) => sample[field] - samples.get(LEAST)[round][field]));
  return all.map((name) => ({
    name,
    firstAnswer: median(samples.get(name).map(({ all }) => all)),
    above: above(name, "all"),
    loadedAbove: above(name, "loaded"),
    requestAbove: above(name, "request"),
  }));
}

async function once(name, rig) {
  const made = contender(name);
  const begun = performance.now();
  const worker = await start(made, rig.api);
  await worker.loaded();
  const loaded = performance.now();
  await rig.load(worker.port, ONE);
  const answered = performance.now();
  await worker.stop();
  return { all: answered - begun, loaded: loaded - begun, request: answered - loaded };
}
