/**
 * The built Worker with its ledger in real workerd, under as many callbacks as it sustains, while everything fails that can: the
 * API by a tenth, connections, and workerd itself, which is killed. No run is lost, none is resumed twice, and memory stays within bounds.
 *
 * | variable | what | default |
 * |---|---|---|
 * | `LOAD_CALLBACKS` | failed runs | 2,000 |
 * | `LOAD_MINUTES` | time over which they fail, evenly; 0: as fast as the Worker deals with them | 0 |
 * | `LOAD_KILLS` | how often workerd is killed, within the first half | 3 |
 * | `LOAD_SEED` | of all that is random here and in local-qstash | the present |
 */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { Agent } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { startLocalQstash } from "../support/local-qstash.mjs";
import { DEV_SECRETS, startRedrive } from "../support/redrive.mjs";
import { CONNECTIONS, Load } from "./load.mjs";
import { watchMemory } from "./memory.mjs";
import { report } from "./report.mjs";
import { POLICY } from "./runs.mjs";
import { keepIdle } from "./strangers.mjs";
import { judge } from "./verdict.mjs";

const setting = (name, otherwise) => Number(process.env[name] ?? otherwise);
const CALLBACKS = setting("LOAD_CALLBACKS", 2000);
const MINUTES = setting("LOAD_MINUTES", 0);
const KILLS = setting("LOAD_KILLS", 3);
const SEED = setting("LOAD_SEED", Date.now() % 1_000_000);

const IDLE = 1000;
const ADMIN_TOKEN = "admin-token-of-the-load";
/** A claim is held for two calls and ten seconds. */
const API_TIMEOUT = "1s";
/** A tenth of all calls. The slow ones are slower than the Worker's patience. */
const FAULTS = ["drop-request:0.02", "drop-answer:0.02", "truncate:0.01", "status-500:0.02", "status-429:0.02", "slow:0.01:1500ms"];
/** The same without those after which only the queue knows. */
const CLEAR_FAULTS = ["drop-request:0.04", "status-500:0.03", "status-429:0.03"];
/**
 * In MB of all of workerd, which keeps what it once had: with a Worker that answers everything at once and does nothing else,
 * as many requests bring it to 600, and thousands of connections to more. How it grew is printed, not judged: it says little
 * of the Worker.
 */
const PEAK = 1000;
/** In bytes of all isolates, once garbage is collected: what the Worker and its ledger hold on to, however much there was. */
const LIVE = 12_000_000;
const TIMEOUT = (MINUTES + 30) * 60_000;

test(`${CALLBACKS} callbacks, a tenth of all calls faulty, workerd killed ${KILLS} times: lost 0, doubled 0`, { timeout: TIMEOUT }, async (t) => {
  await carry(t, { callbacks: CALLBACKS, minutes: MINUTES, kills: KILLS, faults: FAULTS });
});

/** Where an entry leaves the queue when it is resumed, nobody could resume it twice. */
test("entries that stay in the queue, and would be resumed as often as somebody asks: doubled 0", { timeout: TIMEOUT }, async (t) => {
  const switches = { "entry-on-resume": "kept", "second-resume": "new-run" };
  await carry(t, { callbacks: Math.min(1000, CALLBACKS / 4), minutes: 0, kills: 0, faults: CLEAR_FAULTS, switches });
});

async function carry(t, { faults, switches, ...options }) {
  const folder = await mkdtemp(join(tmpdir(), "load-"));
  const qstash = await startLocalQstash({ timeScale: 1, seed: SEED, faults, switches });
  const redrive = await startRedrive({
    ledger: folder,
    isInspected: true,
    secrets: { ...DEV_SECRETS, ADMIN_TOKEN },
    vars: { QSTASH_URL: qstash.url, API_TIMEOUT, POLICY },
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 2 * CONNECTIONS });
  const idle = keepIdle(redrive.url, IDLE);
  const memory = watchMemory(redrive);
  t.after(async () => {
    memory.stop();
    idle.stop();
    agent.destroy();
    await redrive.stop();
    await qstash.stop();
    await rm(folder, { recursive: true });
  });

  const load = new Load({ redrive, qstash, agent, seed: SEED, killed: memory.next, ...options });
  await load.run();
  const open = idle.now();
  const verdict = await judge({ runs: load.runs, qstash, redrive, adminToken: ADMIN_TOKEN });

  const live = await heldBy(redrive);
  report(t, { seed: SEED, load, verdict, injected: await qstash.injected(), memory, live, idle: `${open}, opened ${idle.opened()} times` });
  assert.equal(load.runs.length, options.callbacks);
  assert.deepEqual(verdict.lost, [], "lost");
  assert.deepEqual(verdict.doubled, [], "doubled");
  assert.deepEqual(verdict.wrong, [], "not what the policy says");
  const accepted = [...load.forged.keys()].filter((answer) => typeof answer === "number" && answer !== 401);
  assert.deepEqual(accepted, [], "what is forged is refused");
  assert.ok(open > 0.9 * IDLE, `${open} idle connections`);
  assert.ok(memory.peak() < PEAK, `${memory.peak()} MB`);
  assert.ok(live < LIVE, `${live} bytes`);
}

/** What its isolate holds on to. What is still under way at first, such as alarms of the ledger, is soon let go of. */
async function heldBy(redrive) {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const live = await redrive.live();
    if (live < LIVE || Date.now() > deadline) return live;
    await sleep(1000);
  }
}
