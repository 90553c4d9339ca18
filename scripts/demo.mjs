/**
 * A failed workflow run comes back by itself: charge, ship, notify; and the carrier refuses the parcel at every try of the run.
 * Everything runs on this machine: local-qstash, the built Worker in workerd, and examples/order on the unmodified official SDK.
 *
 *   node scripts/demo.mjs          tells the story, checks it, exits with 0 if it came true
 *   node scripts/demo.mjs --stay   slower; then keeps everything up to play with, until Ctrl-C
 *
 * Needs `make build` and `cargo build --release -p local-qstash`, or LOCAL_QSTASH_BIN.
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { duration, paint, say } from "./demo/print.mjs";
import { setStage } from "./demo/stage.mjs";
import { Story } from "./demo/story.mjs";

const ORDER_ID = "A-1";

/** As many parcels as the first run has tries: examples/order asks for two retries. */
const REFUSALS = 3;
const STORY_TIMEOUT_MS = 60_000;
const SIGNAL_GRACE_MS = 50;

/** Of each Worker, when the demo fails. */
const PRINTED_LINES = 5;

/** Factor on every wait: fast for those who want the result, ten times slower for those who want to watch. */
const TIME_SCALE = { run: 0.001, stay: 0.01 };

process.env.LOCAL_QSTASH_BIN ??= fileURLToPath(new URL("../target/release/local-qstash", import.meta.url));
process.exitCode = await main();

async function main() {
  const { stay } = parseArgs({ options: { stay: { type: "boolean", default: false } } }).values;
  exitOnSignals(stay);
  let stage;
  try {
    stage = await setStage({ timeScale: stay ? TIME_SCALE.stay : TIME_SCALE.run, pleasantPorts: stay });
    introduce(stage);
    const story = new Story(stage);
    await play(stage, story);
    if (stay) {
      invite(stage);
      await story.tell();
    }
    return 0;
  } catch (error) {
    // Ctrl-C reaches the servers too, and that they are gone may be noticed before the signal is.
    await setTimeout(SIGNAL_GRACE_MS);
    complain(error, stage);
    return 1;
  } finally {
    await stage?.stop();
  }
}

/** Every server is killed when this process exits, however far its start has come. */
function exitOnSignals(stay) {
  for (const [name, number] of Object.entries({ SIGHUP: 1, SIGINT: 2, SIGTERM: 15 })) {
    // Ctrl-C is how one leaves a demo that stays.
    process.once(name, () => process.exit(stay && name === "SIGINT" ? 0 : 128 + number));
  }
}

function introduce({ timeScale, qstash, redrive, order }) {
  const minute = duration(60_000 * timeScale);
  say();
  say(paint("bold", "An order is paid, the carrier refuses the parcel, the run dies. Nobody clicks anything."));
  say();
  say(`  order         ${order.url}   a workflow on the official SDK, in workerd`);
  say(`  local-qstash  ${qstash.url}   QStash's workflow engine; a minute takes ${minute}`);
  say(`  redrive       ${redrive.url}   this project, in workerd: the run's failureUrl`);
  say();
}

/** The story: the carrier works again once the run is dead, and not before. */
async function play(stage, story) {
  const started = performance.now();
  const timeout = AbortSignal.timeout(STORY_TIMEOUT_MS);
  await post(stage.order, "/carrier", { refuse: REFUSALS });
  story.say("carrier", `will refuse ${REFUSALS} parcels`);
  const { workflowRunId } = await post(stage.order, "/orders", { id: ORDER_ID, amount: 42 });
  const told = story.tell(timeout, (event) => {
    if (event.kind === "callback_failed" || (event.kind === "callback_done" && !story.revived(event.runId))) {
      throw new Error("the failure callback was delivered, but the run was not resumed");
    }
    return event.kind === "run_completed";
  });
  await told.catch((error) => {
    throw timeout.aborted ? new Error(`the story did not end within ${duration(STORY_TIMEOUT_MS)}`) : error;
  });
  await check(stage, story, workflowRunId);
  say(`The whole took ${Math.round(performance.now() - started)} ms.`);
}

async function check({ qstash, order }, { runs }, workflowRunId) {
  assert.equal(runs.length, 2, "one resume was enough");
  const [failed, resumed] = runs;
  assert.equal(failed.id, workflowRunId, "the first run is the one that was triggered");
  assert.equal(failed.state, "failed", "the first run failed");
  assert.equal(resumed.from, failed.id, "the second run came from the first");
  assert.notEqual(resumed.id, failed.id, "a resumed run has an id of its own");
  assert.equal(resumed.state, "completed", "the resumed run completed");

  const { messages } = await (await qstash.api("/v2/workflows/dlq")).json();
  assert.deepEqual(messages, [], "the dead letter queue is empty");

  const { [ORDER_ID]: ran } = await (await fetch(`${order.url}/stats`)).json();
  // The customer is charged once and told once; the parcel leaves at the first try after the refused ones.
  assert.deepEqual(ran, { charge: 1, ship: REFUSALS + 1, notify: 1 }, "executions of each step");

  say();
  const counts = Object.entries(ran).map(([step, count]) => `${step} ran ${count} ${count === 1 ? "time" : "times"}`);
  say(paint("green", counts.join(", ")));
}

function invite({ qstash, redrive, order }) {
  const post = (url, body) => `curl -X POST ${url} -d '${JSON.stringify(body)}'`;
  const things = {
    "Order something": post(`${order.url}/orders`, { id: "A-2", amount: 7 }),
    "Have the carrier refuse the next three parcels, then order again": post(`${order.url}/carrier`, { refuse: 3 }),
    "Or so many that Redrive gives up and leaves the run in the dead letter queue": post(`${order.url}/carrier`, { refuse: 99 }),
    "Repair the carrier": post(`${order.url}/carrier`, { refuse: 0 }),
    "See how often each step ran": `curl ${order.url}/stats`,
    "List the dead letter queue": `curl -H "Authorization: Bearer ${qstash.token}" ${qstash.url}/v2/workflows/dlq`,
    "See what happened": `curl ${qstash.url}/local/timeline`,
    "Ask whether Redrive is well": `curl ${redrive.url}/healthz`,
  };
  say();
  say(paint("bold", "Everything stays up, and what happens is told here. Ctrl-C ends it."));
  say();
  for (const [what, how] of Object.entries(things)) say(`  ${paint("dim", `# ${what}`)}\n  ${how}`);
  say();
}

/** Says what went wrong, and what the Workers printed last. */
function complain(error, stage) {
  const cause = error.cause ? `: ${error.cause.message || error.cause.code}` : "";
  say();
  say(paint("red", `The demo failed: ${error.message}${cause}`));
  const printed = {
    order: stage?.order.printed ?? [],
    redrive: stage?.redrive.printed().map(({ message }) => message) ?? [],
  };
  for (const [who, lines] of Object.entries(printed)) {
    for (const line of lines.slice(-PRINTED_LINES)) say(paint("dim", `${who}: ${line}`));
  }
}

async function post({ url }, path, body) {
  const response = await fetch(url + path, { method: "POST", body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`POST ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}
