// Browsers, edge runtimes and bundlers: the WebAssembly is fetched by `await init()`, which everything else needs before.
import { setUrl } from "./wasm/core.js";

setUrl(() => new URL("./wasm/redrive.wasm", import.meta.url));

export { Client, Receiver, createHandler, decide, init, parseFailureCallback } from "./wasm/core.js";
