/**
 * What large callbacks cost in memory, each in a process that has seen one small callback before; and how long the first
 * large one takes in an isolate that has seen none.
 */
import { contender } from "./contenders.mjs";
import { median } from "./figures.mjs";
import { start } from "./workerd.mjs";

const MB = 1024 * 1024;
const SMALL = { kind: "genuine", bytes: 2048, connections: 1, requests: 1, seconds: 60 };
const LARGE = { ...SMALL, bytes: 50 * MB, requests: 5 };
const MANY = { ...SMALL, bytes: 10 * MB, connections: 4, requests: 60 };
const FIRST = { ...SMALL, bytes: 10 * MB };

/**
 * Megabytes of a million bytes, and milliseconds.
 *
 * @returns {Promise<{ name: string, idle: number, above: number, peak: number, first: number }>} `above`: the peak of
 *   five callbacks of 50 MB in turn, above `idle`; `peak`: that of 10 MB over four connections
 */
export async function memory(name, rig, rounds) {
  const rows = [];
  for (let round = 0; round < rounds; round += 1) {
    const large = await withWorker(name, rig, async (worker) => {
      await send(worker, rig, SMALL);
      const idle = worker.memory().resident;
      await send(worker, rig, LARGE);
      return { idle, above: worker.memory().peak - idle };
    });
    const many = await withWorker(name, rig, async (worker) => {
      await send(worker, rig, MANY);
      return { peak: worker.memory().peak };
    });
    const first = await withWorker(name, rig, async (worker) => ({ first: (await send(worker, rig, FIRST)).max }));
    rows.push({ ...large, ...many, ...first });
  }
  const of = (field) => median(rows.map((row) => row[field]));
  return { name, idle: of("idle"), above: of("above"), peak: of("peak"), first: of("first") };
}

async function withWorker(name, rig, use) {
  const worker = await start(contender(name), rig.api);
  try {
    return await use(worker);
  } finally {
    await worker.stop();
  }
}

async function send(worker, rig, load) {
  const seen = await rig.load(worker.port, load);
  if (seen.statuses[200] !== load.requests) throw new Error(`expected ${load.requests} answers, saw ${JSON.stringify(seen)}`);
  return seen;
}
