import type { WasmSource } from "./index.mjs";

/** What the bundler makes of the file: a module, its bytes or its URL. Hand it to `init`. */
declare const source: WasmSource;
export default source;
