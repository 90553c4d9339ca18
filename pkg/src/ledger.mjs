/** Claims of DLQ entries, so that each is acted on once: the ledger of a handler that is given none, and how one is asked. */

/** The most entries that are remembered; the oldest are forgotten first. */
const CAPACITY = 1024;
/** A claim that was never recorded is free again after this: its request was cancelled on the way. */
const ABANDONED_AFTER_MS = 120_000;

const encoder = new TextEncoder();

/** A ledger in the memory of one process. */
export class MemoryLedger {
  #entries = new Map();

  claim(dlqId) {
    const known = this.#entries.get(dlqId);
    if (known?.result) return known.result;
    if (known && Date.now() - known.since < ABANDONED_AFTER_MS) return "pending";
    this.#put(dlqId, { since: Date.now() });
    return undefined;
  }

  record(dlqId, result) {
    if (result) this.#put(dlqId, { result });
    else this.#entries.delete(dlqId);
  }

  #put(dlqId, entry) {
    this.#entries.delete(dlqId);
    this.#entries.set(dlqId, entry);
    if (this.#entries.size > CAPACITY) this.#entries.delete(this.#entries.keys().next().value);
  }
}

/** Asks a ledger for an entry; the answer as the core takes it. */
export async function claim(ledger, dlqId) {
  try {
    const known = await ledger.claim(dlqId);
    if (known === undefined || known === null) return { status: 200 };
    if (known === "pending") return { status: 409 };
    return { status: 208, body: encoder.encode(JSON.stringify(known)) };
  } catch (error) {
    return { kind: "interrupted", detail: String(error), limit: 0 };
  }
}

/** Has a ledger keep what came of an entry. What was done is done, even where that cannot be kept: then the queue knows. */
export async function record(ledger, dlqId, result) {
  try {
    await ledger.record(dlqId, result);
  } catch {
    // The claim is not freed, and the next delivery finds the entry gone.
  }
  return { status: 200 };
}
