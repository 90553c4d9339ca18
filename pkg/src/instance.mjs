/**
 * The WebAssembly instance: made when it is first needed, and made anew after a panic.
 *
 * A panic leaves the memory of an instance in an unknown state. So the instance is dropped, with all that was made by
 * it, and the next call gets a fresh one. Everything that JavaScript keeps from the core is kept with the instance that
 * it came from.
 */
import { createGlue } from "redrive-glue";
import { failure } from "./check.mjs";
// Made by scripts/build-npm.sh.
import { TEXTS } from "./texts.js";

/** @type {WebAssembly.Module | undefined} */
let module;
/** @type {object | undefined} The bindings of the present instance. */
let core;
/** @type {(() => WebAssembly.Module) | undefined} */
let load;
/** @type {(() => URL) | undefined} */
let locate;
/** @type {Promise<void> | undefined} */
let loading;

/** Tells how this runtime gets the module at once. */
export function setLoader(loader) {
  load = loader;
}

/** Tells where this runtime fetches the module from. */
export function setUrl(url) {
  locate = url;
}

/**
 * Makes the WebAssembly ready. Needed once in browsers and edge runtimes; does nothing where it is ready already.
 *
 * @param {WebAssembly.Module | BufferSource | Response | URL | string | Promise<unknown>} [source] Default: the file
 *   that the package brings.
 * @returns {Promise<void>}
 */
export async function init(source) {
  if (module !== undefined) return;
  if (source === undefined && load !== undefined) {
    module = load();
    return;
  }
  // Two calls at the same time fetch once; after a failure the next call tries again.
  loading ??= compile(source === undefined ? locate?.() : source).then(
    (compiled) => void (module = compiled),
    (error) => {
      loading = undefined;
      throw error;
    },
  );
  await loading;
}

/**
 * Runs `use` with the bindings of the present instance. An error of the core passes through; anything else is a panic.
 *
 * @template T
 * @param {(core: object) => T} use
 * @returns {T}
 */
export function withCore(use) {
  const present = instance();
  try {
    return use(present);
  } catch (error) {
    if (typeof error?.code === "string") throw error;
    if (core === present) core = undefined;
    throw failure("internal", "the core has failed and was started anew; please report this", error);
  }
}

/** What the core answers, out of JSON. Throws what it answers in the place of that. */
export function told(json) {
  const answer = JSON.parse(json);
  if (answer.thrown !== undefined) throw failed(answer.thrown);
  return answer;
}

/** The same `Work` of the core. Throws why it is of no use, where it is of none. */
export function sound(work) {
  const fault = work.fault();
  if (fault === "") return work;
  work.free();
  throw failed(JSON.parse(fault));
}

/** An `Error` for what the core says about one. */
export function failed({ code, message, ...known }) {
  return Object.assign(failure(code, message), known);
}

/** Errors out of what the core says about them. */
export function withErrors(acted) {
  for (const entry of acted.refused) entry.error = failed(entry.error);
  if (acted.stopped !== undefined) acted.stopped = failed(acted.stopped);
  return acted;
}

/** The bindings of the present instance. */
export function instance() {
  if (core !== undefined) return core;
  if (module === undefined) {
    if (load === undefined) {
      throw failure("not_initialized", "the WebAssembly is not loaded yet: `await init()` before the first call");
    }
    module = load();
  }
  const glue = createGlue();
  const { exports } = new WebAssembly.Instance(module, { "./redrive_bg.js": glue });
  putTexts(exports.memory);
  glue.__wbg_set_wasm(exports);
  exports.__wbindgen_start?.();
  core = Object.assign(glue, { memory: exports.memory });
  return core;
}

/** Puts the core's texts where its code looks for them; the WebAssembly file is built without them. */
function putTexts(memory) {
  const bytes = new Uint8Array(memory.buffer);
  const encoder = new TextEncoder();
  let address = 0;
  for (const next of TEXTS) {
    // How far on it goes, and then what stands there: ASCII.
    if (typeof next === "string") bytes.set(encoder.encode(next), address);
    address += next.length ?? next;
  }
}

async function compile(source) {
  const given = await source;
  if (is("WebAssembly.Module", given)) return given;
  // Some bundlers give the module as the default export of a namespace.
  if (is("WebAssembly.Module", given?.default)) return given.default;
  if (is("ArrayBuffer", given) || ArrayBuffer.isView(given)) return WebAssembly.compile(given);
  if (typeof given === "string" || is("URL", given)) return fromResponse(await fetch(given));
  if (is("Response", given)) return fromResponse(given);
  throw failure(
    "invalid_argument",
    "`source` must be a WebAssembly.Module, its bytes, a Response, or a URL of the file `workflow-redrive/wasm`",
  );
}

/** Not by `instanceof`: edge runtimes hand over what was made outside of the program's realm. */
const is = (type, value) => Object.prototype.toString.call(value) === `[object ${type}]`;

async function fromResponse(response) {
  if (!response.ok) throw failure("not_initialized", `the WebAssembly could not be fetched: status ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}
