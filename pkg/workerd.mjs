// Cloudflare Workers: the runtime hands over the compiled module, and refuses to compile one itself.
import module from "./wasm/redrive.wasm";
import { setLoader } from "./wasm/core.js";

setLoader(() => module);

export { Client, Receiver, createHandler, decide, init, parseFailureCallback } from "./wasm/core.js";
