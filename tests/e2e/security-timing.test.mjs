/**
 * Comparing secrets takes the same time whatever is wrong about a guess. Measured on the built Worker in workerd, and not by a
 * clock: the WebAssembly is instrumented to tell of every function, loop and return that it passes, and of every place from
 * which it reads or writes memory, so that the same way through the code is the same number. A comparison that stops at the
 * first difference has a way of its own for each guess.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { failureCallback } from "../support/callback.mjs";
import { DEV_CREDENTIALS } from "../support/local-qstash.mjs";
import { DEV_SECRETS, startRedrive } from "../support/redrive.mjs";
import { signToken } from "../support/sign.mjs";

const ADMIN_TOKEN = "Tokens-of-operators-are-long-0123456789";

/** What the Worker is built with. */
const FEATURES = ["bulk-memory", "exception-handling", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"];

/** Refusals that are logged in a second. */
const LOGGED = 10;

/** What an instrumented module calls: `step`, with the place in the code; values pass through. */
function tellers(step) {
  const told = { log_execution: step };
  for (const name of ["load_ptr", "store_ptr"]) told[name] = (id, bytes, offset, pointer) => (step(id), pointer);
  for (const name of ["memory_grow_pre", "memory_grow_post"]) told[name] = (id, value) => value;
  for (const type of ["i32", "i64", "f32", "f64"]) told[`load_val_${type}`] = told[`store_val_${type}`] = (id, value) => value;
  return told;
}

/**
 * Counts the steps of an instance and makes one number of their order. The clock stands still: of strangers only so many in a
 * second have a line in the log.
 */
const TRACING = `
  const now = Date.now();
  Date.now = () => now;
  const trace = (globalThis.trace = { steps: 0, way: 0x811c9dc5 });
  const step = (id) => ((trace.steps += 1), (trace.way = Math.imul(trace.way ^ id, 0x01000193)));
  const told = (${tellers})(step);
  const { Instance } = WebAssembly;
  WebAssembly.Instance = function (module, imports) {
    for (const from of [...Object.values(imports), (imports.env ??= {})]) Object.assign(from, told);
    return new Instance(module, imports);
  };`;

/** Stands before the Worker: its last way is at \`/way\`. */
const FRONT = {
  modules: [{ type: "ESModule", path: "tracing.mjs", contents: TRACING }],
  contents: `
    import "./tracing.mjs";
    import Redrive from "./worker/shim.mjs";
    export { Ledger } from "./worker/shim.mjs";
    export default {
      fetch(request, env, context) {
        if (request.url.endsWith("/way")) return Response.json(globalThis.trace);
        Object.assign(globalThis.trace, { steps: 0, way: 0x811c9dc5 });
        return Redrive.fetch(request, env, context);
      },
    };`,
};

let folder;
let redrive;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), "traced-"));
  redrive = await startRedrive({ front: FRONT, wasm: instrumented, secrets: { ...DEV_SECRETS, ADMIN_TOKEN }, vars: { QSTASH_URL: "http://127.0.0.1:9" } });
});
after(async () => {
  await redrive?.stop();
  if (folder) rmSync(folder, { recursive: true });
});

/** A tool of Binaryen, in the version that builds the Worker. */
function binaryen(tool, ...args) {
  execFileSync(fileURLToPath(new URL(`../../node_modules/.bin/${tool}`, import.meta.url)), args);
}

/** The same module, telling of its steps. */
function instrumented(wasm) {
  const [from, to] = ["plain.wasm", "instrumented.wasm"].map((name) => join(folder, name));
  writeFileSync(from, wasm);
  binaryen("wasm-opt", from, ...FEATURES.map((name) => `--enable-${name}`), "--log-execution", "--instrument-memory", "-o", to);
  return readFileSync(to);
}

/** The status of an answer, and the way that led to it. */
async function way(path, request) {
  const { status } = await redrive.send(path, request);
  const { steps, way } = JSON.parse((await redrive.send("/way")).text);
  return { status, way: `${steps} steps, ${way}` };
}

/** What is measured once to fill the caches of allocator and runtime, and then must be one and the same. */
async function ways(requests) {
  for (const [path, request] of requests.slice(0, LOGGED + 2)) await way(path, request);
  const ways = [];
  for (const [path, request] of requests) ways.push(await way(path, request));
  return ways;
}

test("a guess of the ADMIN_TOKEN takes the same way however much of it is right", async () => {
  const guesses = Array.from(ADMIN_TOKEN, (_, right) => ADMIN_TOKEN.slice(0, right).padEnd(ADMIN_TOKEN.length, "!"));
  for (const path of ["/v2/dlq", "/v1/targets", "/metrics", "/v1/sweep"]) {
    const seen = await ways(guesses.map((guess) => [path, { headers: { Authorization: `Bearer ${guess}` } }]));
    assert.deepEqual(new Set(seen.map(({ status }) => status)), new Set([401]));
    assert.equal(new Set(seen.map(({ way }) => way)).size, 1, JSON.stringify(seen, null, 1));
  }
  const right = await way("/v1/targets", { headers: { Authorization: `Bearer ${ADMIN_TOKEN}` } });
  const wrong = await way("/v1/targets", { headers: { Authorization: `Bearer ${guesses[0]}` } });
  assert.notEqual(right.way, wrong.way, "what differs is seen");
});

test("a forged signature takes the same way however much of it is right", async () => {
  const { body, headers } = failureCallback();
  const token = signToken({ key: DEV_CREDENTIALS.currentKey, url: `${redrive.url}/`, body });
  const signed = token.slice(0, token.lastIndexOf("."));
  const right = createHmac("sha256", DEV_CREDENTIALS.currentKey).update(signed).digest();
  assert.equal(token, `${signed}.${right.toString("base64url")}`);
  const forge = (change) => `${signed}.${Buffer.from(right.map(change)).toString("base64url")}`;
  const forged = Array.from(right, (_, wrong) => forge((byte, at) => (at === wrong ? byte ^ 0x55 : byte)));
  forged.push(...Array.from(right, (_, wrong) => forge((byte, at) => (at >= wrong ? ~byte : byte))));
  const send = (signature) => ["/", { method: "POST", headers: { ...headers, "Upstash-Signature": signature }, body }];
  assert.match((await redrive.send(...send(forged[0]))).text, /signature_mismatch/);
  const seen = await ways(forged.map(send));
  assert.deepEqual(new Set(seen.map(({ status }) => status)), new Set([401]));
  assert.equal(new Set(seen.map(({ way }) => way)).size, 1, JSON.stringify(seen, null, 1));
  assert.notEqual((await way(...send(token))).way, seen[0].way, "what differs is seen");
});

test("a comparison that stops at the first difference would be seen", async () => {
  const text = join(folder, "naive.wat");
  writeFileSync(
    text,
    `(module (import "log" "log_execution" (func (param i32))) (memory (export "memory") 1)
      (func (export "same") (param $a i32) (param $b i32) (param $left i32) (result i32)
        (loop $next
          (if (i32.eqz (local.get $left)) (then (return (i32.const 1))))
          (if (i32.ne (i32.load8_u (local.get $a)) (i32.load8_u (local.get $b))) (then (return (i32.const 0))))
          (local.set $a (i32.add (local.get $a) (i32.const 1)))
          (local.set $b (i32.add (local.get $b) (i32.const 1)))
          (local.set $left (i32.sub (local.get $left) (i32.const 1)))
          (br $next))
        (unreachable)))`,
  );
  const wasm = join(folder, "naive.wasm");
  binaryen("wasm-as", text, "-o", wasm);
  let steps = 0;
  const told = tellers(() => (steps += 1));
  const { instance } = await WebAssembly.instantiate(instrumented(readFileSync(wasm)), { log: told, env: told });
  const { memory, same } = instance.exports;
  const taken = Array.from({ length: 32 }, (_, right) => {
    new Uint8Array(memory.buffer).fill(7, 0, 64);
    new Uint8Array(memory.buffer)[32 + right] = 8;
    steps = 0;
    assert.equal(same(0, 32, 32), 0);
    return steps;
  });
  assert.equal(new Set(taken).size, 32, taken.join());
});
