/**
 * Crashes of the Worker's WebAssembly, in the file that is deployed: the runtime's objects, which it is handed, fail in its hands.
 * A panic is built as one instruction, `unreachable`; a call of the runtime that executes it ends the Worker's code at the
 * same place and in the same way.
 */

/** `(module (func (export "trap") unreachable))` */
const TRAP = Buffer.from("0061736d0100000001040160000003020100070801047472617000000a05010300000b", "hex");

/**
 * Stands before the Worker, for `startRedrive`: a request with the header `crash` fails at a place of that name, and all that came
 * after it as usual. `GET /isolate` tells the isolate, the calls that it has made, the answers that
 * the runtime waits for even where nobody else does, and the errors that nobody caught. An alarm and a sweep crash if a request with `crash: alarm` or `crash:
 * sweep` came before.
 *
 * | `crash` | where |
 * |---|---|
 * | `url` | at the first look at the request |
 * | `body` | with the whole body, when it asks for chance |
 * | `stack` | the stack overflows |
 * | `exception` | something of the runtime throws what nobody expected, with a secret in its text |
 * | `ledger` | in the ledger, while it writes, within a transaction |
 * | `alarm`, `sweep` | there, the next time |
 *
 * @type {import("./redrive.mjs").Front}
 */
export const crashing = {
  modules: [{ type: "CompiledWasm", path: "trap.wasm", contents: TRAP }],
  contents: `
    import Redrive, { Ledger as Sound } from "./worker/shim.mjs";
    import module from "./trap.wasm";
    const { trap } = new WebAssembly.Instance(module).exports;
    const isolate = Math.random();
    const deep = () => deep() + 1;
    const call = fetch;
    let calls = 0;
    let kept = 0;
    globalThis.fetch = (...parts) => ((calls += 1), call(...parts));
    const { random } = Math;
    Math.random = () => (at("body"), random());
    // No other request comes between a hash and what is done with it.
    const { digest } = SubtleCrypto.prototype;
    let isHashedNext = false;
    SubtleCrypto.prototype.digest = async function (...parts) {
      const isMeant = isHashedNext;
      isHashedNext = false;
      const hash = await digest.apply(this, parts);
      if (isMeant) next = "body";
      return hash;
    };
    const uncaught = [];
    for (const type of ["error", "unhandledrejection"]) {
      addEventListener(type, (event) => uncaught.push(String(event.error ?? event.reason)));
    }
    let next;
    let sweeps = false;

    /** Crashes if this is what comes next. */
    function at(place, is = true) {
      if (next !== place || !is) return;
      next = undefined;
      trap();
    }

    const places = {
      url: (request) => Object.defineProperty(request, "url", { get: trap }),
      body: (request) => {
        request.arrayBuffer = async () => {
          await scheduler.wait(10);
          const buffer = await Request.prototype.arrayBuffer.call(request);
          isHashedNext = true;
          return buffer;
        };
      },
      stack: (request) => Object.defineProperty(request, "url", { get: deep }),
      exception: (request) => Object.defineProperty(request, "url", { get() { throw new Error("canary " + request.headers.get("upstash-signature")); } }),
    };

    function watched(env) {
      const LEDGER = { getByName: (name) => (at("sweep", sweeps), env.LEDGER.getByName(name)) };
      return { ...env, ...(env.LEDGER && { LEDGER }) };
    }

    export default {
      fetch(request, env, context) {
        if (request.url.endsWith("/isolate")) return Response.json({ isolate, calls, kept, uncaught });
        const crash = request.headers.get("crash");
        if (places[crash]) places[crash](request);
        else if (crash) next = crash;
        const waitUntil = (answer) => ((kept += 1), context.waitUntil(answer.finally(() => (kept -= 1))));
        return Redrive.fetch(request, watched(env), { waitUntil });
      },
      scheduled(event, env) {
        sweeps = true;
        return Redrive.scheduled(event, watched(env)).finally(() => (sweeps = false));
      },
    };

    export class Ledger extends Sound {
      #state;

      constructor(state, env) {
        const { storage } = state;
        const own = { rings: false };
        const kv = {
          get: (key) => (at("alarm", own.rings), storage.kv.get(key)),
          put: (key, value) => (at("ledger"), storage.kv.put(key, value)),
          delete: (key) => storage.kv.delete(key),
          list: (options) => storage.kv.list(options),
        };
        const watched = {
          kv,
          transactionSync: (steps) => storage.transactionSync(steps),
          setAlarm: (at) => storage.setAlarm(at),
        };
        super(state, env);
        this.ctx = { storage: watched };
        this.#state = own;
      }
      alarm() {
        this.#state.rings = true;
        return super.alarm().finally(() => (this.#state.rings = false));
      }
    }`,
};

/** The WebAssembly with room for so many bytes more than it begins with: what does not fit ends it. */
export function withMemory(wasm, bytes) {
  const MEMORY = 5;
  const PAGE = 65536;
  let at = 8;
  for (;;) {
    const start = at;
    const id = wasm[at];
    const [length, body] = number(wasm, at + 1);
    at = body + length;
    if (id !== MEMORY) continue;
    // One memory, without an upper limit.
    if (wasm[body] !== 1 || wasm[body + 1] !== 0) throw new Error("this memory is declared in another way");
    const [pages] = number(wasm, body + 2);
    const limits = [1, 1, ...leb(pages), ...leb(pages + Math.ceil(bytes / PAGE))];
    return Buffer.concat([wasm.subarray(0, start), Buffer.from([MEMORY, ...leb(limits.length), ...limits]), wasm.subarray(at)]);
  }
}

/** An unsigned LEB128 number, and where it ends. */
function number(wasm, at) {
  for (let value = 0, shift = 0; ; shift += 7) {
    const byte = wasm[at++];
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return [value, at];
  }
}

function leb(value) {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 0x80))];
}
