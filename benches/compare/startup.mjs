/** From the start of the process to the first answer, beside the least that a Worker is. */
import { contender } from "./contenders.mjs";
import { median } from "./figures.mjs";
import { start } from "./workerd.mjs";

const LEAST = "empty";
const ONE = { kind: "genuine", bytes: 2048, connections: 1, requests: 1, seconds: 60 };

/** @returns {Promise<{ name: string, firstAnswer: number, above: number }[]>} milliseconds, and above the least Worker's */
export async function startup(names, rig, rounds) {
  const all = [LEAST, ...names];
  const times = new Map(all.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const name of all) {
      const made = contender(name);
      const begun = performance.now();
      const worker = await start(made, rig.api);
      await rig.load(worker.port, ONE);
      times.get(name).push(performance.now() - begun);
      await worker.stop();
    }
  }
  const above = (name) => median(times.get(name).map((time, round) => time - times.get(LEAST)[round]));
  return all.map((name) => ({ name, firstAnswer: median(times.get(name)), above: above(name) }));
}
