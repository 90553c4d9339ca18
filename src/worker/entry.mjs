/**
 * What the runtime calls: it stands before the WebAssembly, and outlives it.
 *
 * A panic, a stack that overflows or memory that is used up ends an instance of the WebAssembly: it has stopped in the
 * middle of something, and nothing can be said about its memory. Whoever waits for it would wait for ever. So here each
 * of them is answered 500, for QStash to deliver again; one line is logged; and the next call gets a new instance. What
 * was under way is left as by a crash of the whole Worker: the ledger, or the queue, knows how far it came.
 *
 * The build puts this in front of the bindings that it generates; see scripts/bundle-worker.sh.
 */
import { DurableObject } from "cloudflare:workers";
import * as core from "./index.js";

/** Instances that there were before the present one. */
let past = 0;
/** Why the last instance ended, if any did. */
let cause;
let hasEnded = false;
/** What tells each who waits for the present instance that it has ended. */
let waiting = new Set();
/** Calls of the instance that have not come back yet. */
let calls = 0;

const END = new Error("the Worker has crashed");
const CRASHED = '{"error":{"code":"crashed","message":"the Worker has crashed and was started anew: deliver again"}}';

core.__wbg_watch((error) => {
  hasEnded = true;
  cause = error;
  report("restarted", error, { unanswered: waiting.size + calls });
  for (const tell of waiting) tell(END);
  waiting = new Set();
});

/** An object: of a class the runtime would make one more for each request. */
export default {
  fetch(request, env, context) {
    let answer;
    try {
      answer = call(() => core.fetch(request, env));
    } catch {
      return crashed();
    }
    if (answer instanceof Response) return answer;
    const response = outlived(answer).catch(crashed);
    // Who hangs up does not stop what has begun: a run that is resumed is recorded, too.
    context.waitUntil(response);
    return response;
  },
  scheduled: async (_event, env) => outlived(call(() => core.scheduled(env))),
};

/** The object of each instance has its memory there. What it is to remember is in its storage. */
export class Ledger extends DurableObject {
  #made;
  #present;

  async tell(actor, messages) {
    return outlived(call(() => this.#object().tell(actor, messages)));
  }

  /** The runtime rings again where this fails. */
  async alarm() {
    return outlived(call(() => this.#object().alarm()));
  }

  #object() {
    if (this.#made !== past) {
      this.#present = new core.Ledger(this.ctx, this.env);
      this.#made = past;
    }
    return this.#present;
  }
}

function crashed() {
  return new Response(CRASHED, { status: 500, headers: { "Content-Type": "application/json" } });
}

/** Calls the instance, a new one where the last has ended. Throws where it ends, or the runtime refuses something. */
function call(what) {
  try {
    calls += 1;
    if (hasEnded) begin();
    return what();
  } catch (error) {
    throw told(error);
  } finally {
    calls -= 1;
  }
}

/** What a promise of the instance comes to; an error once the instance ends, for the promise may never know. */
function outlived(promise) {
  return new Promise((resolve, reject) => {
    waiting.add(reject);
    promise.then(
      (value) => {
        waiting.delete(reject);
        resolve(value);
      },
      (error) => {
        waiting.delete(reject);
        reject(told(error));
      },
    );
  });
}

/** Where not even this succeeds, the next call tries again. */
function begin() {
  core.__wbg_reset_state();
  past += 1;
  hasEnded = false;
}

/** The error, of which the operator was told. */
function told(error) {
  if (error !== cause) report("failed", error);
  return error;
}

/** Texts of the engine are fixed ones; another error may quote what nobody is to see. */
function report(outcome, error, more) {
  const isOfEngine = error instanceof WebAssembly.RuntimeError || error instanceof RangeError;
  const detail = isOfEngine ? `${error.name}: ${error.message}` : "an exception";
  // Where in the WebAssembly, innermost first.
  const at = String(error?.stack).match(/wasm-function\[\d+\]:0x[\da-f]+/g)?.slice(0, 5);
  console.error(JSON.stringify({ event: "crash", outcome, detail, at, ...more }));
}
