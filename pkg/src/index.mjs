/**
 * The package's JavaScript: checks arguments, executes what the core asks for, and hands values over as plain objects.
 * What things mean is decided in WebAssembly only. `scripts/build-npm.sh` bundles these files into `wasm/`.
 */
export { Client } from "./client.mjs";
export { setHash } from "./digest.mjs";
export { createHandler } from "./handler.mjs";
export { init, setLoader, setUrl } from "./instance.mjs";
export { decide, parseFailureCallback } from "./policy.mjs";
export { Receiver } from "./receiver.mjs";
