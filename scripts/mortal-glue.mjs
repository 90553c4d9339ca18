/**
 * Lets the bindings of wasm-bindgen say when their instance ends, and never touch it again.
 *
 * Left alone, they begin a new instance by themselves, at the next call of anything: also at a callback of the old one,
 * which they then run in the new one's memory. Here an instance that has ended is left as it is, its callbacks do
 * nothing any more, and whoever calls in (src/worker/entry.mjs) is told and begins a new one.
 */

/** What is looked for, and what stands there afterwards. */
const CHANGES = [
  // An exception that no Rust code has thrown on purpose. The WebAssembly asks for the flag where it catches some.
  [
    "    getInt32ArrayMemory0()[__wbg_terminated_addr] = 1;\n    __wbg_call_abort_hook();\n    throw e;\n",
    "    if (e !== __wbg_stale) __wbg_end(e);\n    throw e;\n",
  ],
  // What belongs to an instance that has ended does nothing to the next one.
  [/throw new Error\('Invalid stale object from previous Wasm instance'\);/g, "throw __wbg_stale;"],
  // Every call into the WebAssembly.
  [
    /^function __wbg_call_guard\(\) \{\n[^]*?^\}\n/m,
    `const __wbg_stale = new Error('the instance has ended');
let __wbg_ended = false;
let __wbg_at_end = () => {};
export function __wbg_watch(listener) {
    __wbg_at_end = listener;
}
function __wbg_end(error) {
    if (__wbg_ended) return;
    getInt32ArrayMemory0()[wasm.__instance_terminated.value / 4] = 1;
    __wbg_ended = true;
    __wbg_instance_id++;
    __wbg_at_end(error);
}
function __wbg_call_guard() {
    if (__wbg_ended) throw __wbg_stale;
}
`,
  ],
  // Callbacks of an instance that has ended, and the one that it ends in: who calls them can do nothing about it.
  ["            throw new Error('Cannot invoke closure from previous WASM instance');\n", "            return;\n"],
  [
    "            return f(a, state.b, ...args);\n        } finally {\n",
    "            return f(a, state.b, ...args);\n        } catch (e) {\n            if (!__wbg_ended) throw e;\n        } finally {\n",
  ],
  // Whoever takes the steps of a delivery frees it: a registry costs more than the steps, and so does a defined property.
  [
    /^const DeliveryFinalization = [^]*?\n {4}: new FinalizationRegistry\([^]*?^\}\);\n/m,
    "const DeliveryFinalization = { register: () => {}, unregister: () => {} };\n",
  ],
  [
    "Object.defineProperty(obj, '__wbg_inst', { value: __wbg_instance_id, writable: true });",
    "obj.__wbg_inst = __wbg_instance_id;",
  ],
  // A new instance; where its start fails, it has ended too.
  [
    /^(export function __wbg_reset_state ?\(\) \{\n[^]*?    wasm\.__wbindgen_start\(\);\n)\}/m,
    "$1    __wbg_ended = false;\n}",
  ],
];

/** The bindings, changed. Throws where they are not what this knows. */
export function mortal(glue) {
  return CHANGES.reduce((text, [from, to]) => {
    const changed = text.replace(from, to);
    if (changed === text) throw new Error(`the bindings do not have what is to be changed: ${from}`);
    return changed;
  }, glue);
}
