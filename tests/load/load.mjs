/** All deliveries of all callbacks, and what gets in their way. */
import { setTimeout as sleep } from "node:timers/promises";
import { courier, isFinal, pauseAfter } from "./courier.mjs";
import { randomFrom } from "./random.mjs";
import { failedRuns } from "./runs.mjs";
import { trickle } from "./strangers.mjs";

/** Connections that deliver; bodies that hardly come, signed ones and unsigned ones, at once. */
export const CONNECTIONS = 32;
const SLOW = 25;
const STALL_MS = 60_000;

/**
 * @typedef {object} LoadOptions
 * @property {import("../support/redrive.mjs").Redrive} redrive
 * @property {import("../support/local-qstash.mjs").LocalQstash} qstash
 * @property {import("node:http").Agent} agent
 * @property {number} callbacks
 * @property {number} minutes The time over which they come, evenly; 0: each as soon as a connection is free.
 * @property {number} kills How often workerd is killed.
 * @property {() => void} killed Is called after each time.
 * @property {number} seed
 */

export class Load {
  runs = [];
  answers = new Map();
  forged = new Map();
  kills = 0;
  seconds = 0;

  #options;
  #random;
  #again = [];
  #done = 0;
  #isOver = false;
  #fresh;
  #deliver;
  #forge;

  /** @param {LoadOptions} options */
  constructor(options) {
    const { redrive, qstash, agent, callbacks, seed } = options;
    this.#options = options;
    this.#random = randomFrom(seed);
    this.#fresh = failedRuns(qstash, callbacks);
    this.#deliver = courier({ url: redrive.url, agent, answers: this.answers }).deliver;
    this.#forge = courier({ url: redrive.url, agent, answers: this.forged }).deliver;
  }

  /** Ends when QStash would deliver none of them again. */
  async run() {
    const started = performance.now();
    const many = (count, work) => Array.from({ length: count }, work);
    const strangers = many(SLOW, () => this.#stranger());
    const hands = many(CONNECTIONS, () => this.#hand(started));
    const slowHands = many(SLOW, () => this.#slowHand(started));
    await Promise.race([Promise.all([...hands, ...slowHands, this.#killer()]), this.#overseer()]);
    this.seconds = (performance.now() - started) / 1000;
    this.#isOver = true;
    await Promise.all(strangers);
  }

  get #isDone() {
    return this.#done === this.#options.callbacks;
  }

  /** The next run to deliver, if there is one at present: again, or for the first time. */
  async #next(started) {
    const now = performance.now();
    const due = this.#again.findIndex(({ at }) => at <= now);
    if (due >= 0) return this.#again.splice(due, 1)[0].run;
    const { callbacks, minutes } = this.#options;
    const allowed = minutes === 0 ? callbacks : ((now - started) / (minutes * 60_000)) * callbacks;
    if (this.runs.length >= allowed) return undefined;
    const { value: run } = await this.#fresh.next();
    if (run) this.runs.push(run);
    return run;
  }

  #settle(run, answer) {
    run.tries += 1;
    run.last = answer;
    if (isFinal(answer)) this.#done += 1;
    else this.#again.push({ run, at: performance.now() + pauseAfter(run.tries) });
  }

  /** Delivers one after the other: a few of them twice at once, or cut off, or after a forgery. */
  async #hand(started) {
    while (!this.#isDone) {
      const run = await this.#next(started);
      if (!run) {
        await sleep(20);
        continue;
      }
      const chance = this.#random();
      if (chance < 0.01) await this.#forge(run, { key: "sig_forged" });
      else if (chance < 0.02) await this.#forge(run, { sent: run.callback.body.replace("callerIP", "callerId") });
      if (chance > 0.98) {
        const [one, other] = await Promise.all([this.#deliver(run), this.#deliver(run)]);
        this.#settle(run, isFinal(one) ? other : one);
      } else {
        const cutAfter = chance > 0.96 ? Math.floor(this.#random() * 50) : undefined;
        this.#settle(run, await this.#deliver(run, { cutAfter }));
      }
    }
  }

  /** Delivers a body within some eight seconds, again and again. */
  async #slowHand(started) {
    while (!this.#isDone) {
      const run = this.runs.length < this.#options.callbacks ? await this.#next(started) : undefined;
      const write = (request, body) => trickle(request, body, { bytes: Math.ceil(body.length / 32), everyMs: 250 });
      if (run) this.#settle(run, await this.#deliver(run, { write }));
      else await sleep(100);
    }
  }

  /** Sends what is not signed, a few bytes per second, for as long as anybody listens. */
  async #stranger() {
    while (!this.#isOver) {
      const run = { callback: { headers: {}, body: "x".repeat(400) } };
      const write = (request, body) => trickle(request, body, { bytes: 10, everyMs: 500, until: () => this.#isOver });
      await this.#forge(run, { key: "sig_forged", write });
      await sleep(500);
    }
  }

  /** Fails where nothing comes to an end any more. */
  async #overseer() {
    let [done, since] = [0, performance.now()];
    while (!this.#isOver) {
      await sleep(1000);
      if (done !== this.#done) [done, since] = [this.#done, performance.now()];
      if (performance.now() - since > STALL_MS) {
        const waiting = JSON.stringify(this.#again.slice(0, 10).map(({ run: { dlqId, wanted, tries, last } }) => ({ dlqId, wanted, tries, last })));
        throw new Error(`${done} of ${this.runs.length} are done, and no more for a minute; of the others ${this.#again.length} wait: ${waiting}`);
      }
    }
  }

  /** Kills workerd at even distances within the first half. */
  async #killer() {
    const { callbacks, kills, killed, redrive } = this.#options;
    for (let n = 1; n <= kills; n += 1) {
      const at = (callbacks / 2) * (n / kills);
      while (this.#done < at) await sleep(10);
      await redrive.kill();
      killed();
      this.kills += 1;
    }
  }
}
