/**
 * Tells what local-qstash's timeline says, line by line while it happens, and remembers what the demo checks at the end.
 */
import { setTimeout } from "node:timers/promises";
import { poll } from "../../tests/support/net.mjs";
import { duration, goMillis, paint, sayEvent } from "./print.mjs";

/** The workflow's steps in order: the delivery that carries one step's result runs the next one. */
const STEPS = ["charge", "ship", "notify"];

/** How often to look, as QStash's clock goes. */
const POLL_INTERVAL_MS = 5000;
const LOG_LINE_TIMEOUT_MS = 1000;

/**
 * A run and what became of it; a resumed run is another one.
 * @typedef {{ id: string, from?: string, dlqId?: string, state: "running" | "failed" | "completed", at: number }} Run
 */

/**
 * Follows a stage. The story's clock starts with the first thing that is told.
 */
export class Story {
  #stage;
  #start;
  #lastSeq = 0;
  /** @type {Map<string, Run>} */
  #runs = new Map();
  /** The last refused delivery of each run. */
  #refused = new Map();

  /** @param {import("./stage.mjs").Stage} stage */
  constructor(stage) {
    this.#stage = stage;
  }

  /** @returns {Run[]} Oldest first. */
  get runs() {
    return [...this.#runs.values()];
  }

  /**
   * Tells something that did not happen at QStash.
   *
   * @param {string} who
   * @param {string} what
   */
  say(who, what) {
    const now = Date.now();
    this.#start ??= now;
    sayEvent(now - this.#start, who, undefined, what, "yellow");
  }

  /**
   * Tells everything until `isOver` holds, or for ever.
   *
   * @param {AbortSignal} [signal] Breaks the story off with an error. Default: none.
   * @param {(event: object) => Promise<unknown> | unknown} [isOver] Called after each event. Default: never.
   */
  async tell(signal, isOver = () => false) {
    for (;;) {
      for (const event of await this.#stage.qstash.timeline(this.#lastSeq)) {
        signal?.throwIfAborted();
        this.#lastSeq = event.seq;
        this.#start ??= event.at;
        const line = await this.#line(event);
        if (line) {
          const [who, what, style] = line;
          sayEvent(event.at - this.#start, who, event.runId, what, style);
        }
        if (await isOver(event)) return;
      }
      await setTimeout(POLL_INTERVAL_MS * this.#stage.timeScale, undefined, { signal });
    }
  }

  /** Whether the failed run lives on in another one. */
  revived(runId) {
    return this.runs.some(({ from }) => from === runId);
  }

  /** Who, what and in which colour; nothing for events that people need not see. */
  async #line(event) {
    const run = this.#runs.get(event.runId);
    switch (event.kind) {
      case "run_triggered":
        this.#runs.set(event.runId, { id: event.runId, state: "running", at: event.at });
        return ["trigger", `run ${event.runId} starts`];
      case "step_recorded":
        return [event.name, paint("green", "done")];
      case "delivery":
        if (event.status !== 200) this.#refused.set(event.runId, event);
        return undefined;
      case "retry_scheduled": {
        const { step, status, attempt } = this.#refused.get(event.runId) ?? {};
        const wait = `QStash waits ${this.#wait(event.inMs)}`;
        return [nextStep(step), `${paint("red", `fails (${status})`)}, try ${attempt}; ${wait}`];
      }
      case "run_failed": {
        Object.assign(run ?? {}, { state: "failed", at: event.at });
        const { step, attempt } = this.#refused.get(event.runId) ?? {};
        const failure = paint("red", `fails (${event.status})`);
        return [event.step ?? nextStep(step), `${failure}, try ${attempt}; the retries are used up`];
      }
      case "dlq_entry":
        Object.assign(run ?? {}, { dlqId: event.dlqId });
        return ["dead", `in the dead letter queue as ${event.dlqId}`, "red"];
      case "resumed":
      case "restarted": {
        this.#runs.set(event.runId, { id: event.runId, from: event.fromRunId, state: "running", at: event.at });
        const wait = this.#wait(goMillis(event.headers["Upstash-Delay"] ?? "0s"));
        return ["redrive", `callback verified; ${event.kind} as ${event.runId}, in ${wait}`, "magenta"];
      }
      case "callback_failed":
        return ["redrive", `callback refused (${event.status})`, "red"];
      case "callback_done":
        return this.revived(event.runId) ? undefined : ["redrive", await this.#reason(event.dlqId), "magenta"];
      case "dlq_deleted":
        return ["dead", `entry ${event.dlqId} is deleted`, "red"];
      case "run_completed":
        Object.assign(run ?? {}, { state: "completed", at: event.at });
        return ["complete", "the run is done", "green"];
      case "run_canceled":
        return ["canceled", "the run is canceled", "red"];
      default:
        return undefined;
    }
  }

  #wait(ms) {
    return `${duration(ms)} (${duration(ms * this.#stage.timeScale)} here)`;
  }

  /** Why Redrive did not revive a run: from its log line, which may come after its answer. */
  async #reason(dlqId) {
    const find = () =>
      this.#stage.redrive
        .printed()
        .map(({ message }) => parse(message)?.result)
        .findLast((result) => result?.dlqId === dlqId);
    const result = await poll(find, { timeout: LOG_LINE_TIMEOUT_MS }).catch(() => undefined);
    if (!result) return "callback answered";
    return `callback verified; ${result.outcome}${result.reason ? ` (${result.reason})` : ""}`;
  }
}

function nextStep(step) {
  return STEPS[STEPS.indexOf(step) + 1] ?? "workflow";
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
