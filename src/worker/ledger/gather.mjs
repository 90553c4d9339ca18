/**
 * What the requests of one isolate tell the ledger, several of them together.
 *
 * Each request sends from its own context only: the runtime ends what a request has under way together with it. So one
 * that waits has a promise of its own, and whoever's turn it is sends for all. Whose turn that is, and what goes
 * together, the WebAssembly says. Several messages or answers cross as one text, with NUL between them, which none of
 * them can hold.
 */

import { waitUntil } from "cloudflare:workers";

/** How long an answer of an actor may take. It does nothing but read and write a few records. */
const PATIENCE_MILLIS = 5000;
/** How long somebody waits for others: one that is under way, and one that takes its message along. */
const TURN_MILLIS = 2 * PATIENCE_MILLIS + 2000;

/**
 * While others are under way, a batch waits this long before it goes, for as many as possible to come along: what a batch
 * costs, most of it to write it down, is more than what each of its messages costs. In a quiet hour nothing waits.
 */
const COMPANY_MILLIS = 3;

/** Tells somebody who waits that it is its turn. */
const LEAD = null;

export class Gathering {
  #ledger;
  #turns;
  /** What wakes those who wait, by their numbers. */
  #waiting = new Map();

  constructor(ledger, turns) {
    this.#ledger = ledger;
    this.#turns = turns;
  }

  /**
   * Tells an actor something after a pause.
   *
   * @returns {Promise<string>} the answer; empty where it cannot be said whether it was heard
   */
  async tell(actor, message, pause) {
    if (pause > 0) await scheduler.wait(pause);
    const number = this.#turns.join(actor, message);
    const leader = this.#turns.called();
    const isBusy = leader !== number;
    if (isBusy) {
      this.#wake(leader, LEAD);
      const woken = await this.#turn(number);
      if (woken === undefined) {
        this.#waiting.delete(number);
        this.#wake(this.#turns.leave(actor, number), LEAD);
        return "";
      }
      if (woken !== LEAD) return woken;
    }
    const leading = await this.#lead(actor, number, isBusy);
    if (leading.rest) waitUntil(leading.rest());
    return leading.own;
  }

  /** Tells an actor something, sooner or later: nobody waits for the answer. */
  post(actor, message) {
    const number = this.#turns.post(actor, message);
    const leader = this.#turns.called();
    if (leader === number) waitUntil(this.#lead(actor, number, false).then(({ rest }) => rest?.()));
    else this.#wake(leader, LEAD);
  }

  #turn(number) {
    return new Promise((wake) => {
      this.#waiting.set(number, wake);
      setTimeout(wake, TURN_MILLIS);
    });
  }

  /** Sends for all who wait and hands out the answers; `rest` where more was posted that nobody else would take along. */
  async #lead(actor, number, isBusy) {
    if (isBusy) await scheduler.wait(COMPANY_MILLIS);
    const batch = this.#turns.lead(actor);
    const end = batch.indexOf("\0");
    const answers = await this.#send(actor, batch.slice(end + 1));
    let own = "";
    let at = 0;
    for (const text of batch.slice(0, end).split(" ")) {
      const other = Number(text);
      const answer = answers[at] ?? "";
      at += 1;
      if (other === number) own = answer;
      else this.#wake(other, answer);
    }
    const next = this.#turns.over(actor, number);
    if (next === number) return { own, rest: () => this.#leadOn(actor, number) };
    this.#wake(next, LEAD);
    return { own };
  }

  async #leadOn(actor, number) {
    while ((await this.#lead(actor, number, true)).rest);
  }

  async #send(actor, messages) {
    try {
      const answers = this.#ledger.getByName(actor).tell(actor, messages);
      const told = await Promise.race([answers, scheduler.wait(PATIENCE_MILLIS)]);
      if (told !== undefined) return told.split("\0");
      report("no answer in time");
    } catch (error) {
      report(error instanceof Error ? error.message : "no reason given");
    }
    return [];
  }

  /** Whoever waits no longer does not mind; number 0 is nobody. */
  #wake(number, why) {
    const wake = this.#waiting.get(number);
    if (!wake) return;
    this.#waiting.delete(number);
    wake(why);
  }
}

function report(detail) {
  console.error(JSON.stringify({ event: "ledger", outcome: "unavailable", detail }));
}
