/** After a panic: the call fails with a code of its own, and the next one works, also with what was made before. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { Receiver, createHandler, decide, init, setLoader } from "../../pkg/wasm/core.js";
import { failureCallback } from "../support/callback.mjs";
import { signToken } from "../support/sign.mjs";

const KEYS = { currentSigningKey: "sig_current", nextSigningKey: "sig_next" };
const URL_CALLED = "https://app.example/failed";
const module = new WebAssembly.Module(await readFile(new URL("../../pkg/wasm/redrive.wasm", import.meta.url)));
setLoader(() => module);
await init();

/** Makes the next entries into WebAssembly trap, as a panic does, and counts the instances that are made. */
function trapped(t, name) {
  const Instance = WebAssembly.Instance;
  const made = { count: 0, armed: true };
  // (module (func (export "trap") unreachable))
  const bytes = [0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 116, 114, 97, 112, 0, 0, 10, 5, 1, 3, 0, 0, 11];
  const { trap } = new Instance(new WebAssembly.Module(Uint8Array.from(bytes))).exports;
  t.mock.method(WebAssembly, "Instance", function (given, imports) {
    made.count += 1;
    const { exports } = new Instance(given, imports);
    return { exports: { ...exports, [name]: (...args) => (made.armed ? trap() : exports[name](...args)) } };
  });
  return made;
}

const body = failureCallback({ status: 503 }).body;
const decision = () => decide({ url: URL_CALLED, body });

test("a panic is an error with the code `internal`, and the next call gets a fresh instance", (t) => {
  const made = trapped(t, "ask");
  for (const count of [1, 2]) {
    assert.throws(decision, (error) => error.code === "internal" && error.cause instanceof WebAssembly.RuntimeError);
    assert.equal(made.count, count);
  }
  made.armed = false;
  assert.equal(decision().action, "resume");
  assert.equal(decision().action, "resume");
  assert.equal(made.count, 3);
});

test("a handler that meets a panic asks for another delivery, and deals with that one", async (t) => {
  const made = trapped(t, "work_step");
  const lines = [];
  dropInstance();
  const handler = createHandler({ token: "t", ...KEYS, policy: { dry_run: true }, log: (line, isError) => lines.push([line, isError]) });
  const deliver = () => {
    const headers = { "Upstash-Signature": signToken({ key: KEYS.currentSigningKey, url: URL_CALLED, body }) };
    return handler(new Request(URL_CALLED, { method: "POST", body, headers }));
  };
  const first = await deliver();
  assert.equal(first.status, 503);
  assert.equal(first.headers.get("retry-after"), "10");
  assert.equal(lines[0][1], true);
  made.armed = false;
  assert.equal((await (await deliver()).json()).outcome, "dry_run");
  assert.equal(await new Receiver(KEYS).verify({ signature: signToken({ key: KEYS.nextSigningKey, url: URL_CALLED, body }), body }), true);
});

test("a receiver that meets a panic says so, and checks the next request with a fresh instance", async (t) => {
  const made = trapped(t, "work_token");
  dropInstance();
  const receiver = new Receiver(KEYS);
  const call = { signature: signToken({ key: KEYS.currentSigningKey, url: URL_CALLED, body }), body };
  for (const count of [1, 2]) {
    await assert.rejects(receiver.verify(call), { code: "internal" });
    assert.equal(made.count, count);
  }
  made.armed = false;
  for (const _ of [1, 2]) assert.equal(await receiver.verify(call), true);
  await assert.rejects(receiver.verify({ ...call, body: `${body} ` }), { code: "body_hash_mismatch" });
  assert.equal(made.count, 3);
});

/** Makes the present instance fail on something that is no error of the core, so that the next one is a trapped one. */
function dropInstance() {
  const failing = new Uint8Array(1);
  Object.defineProperty(failing, "length", {
    get: () => {
      throw new Error("no error of the core");
    },
  });
  assert.throws(() => decide({ url: URL_CALLED, body: failing }), { code: "internal" });
}
