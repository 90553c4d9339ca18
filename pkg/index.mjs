// Node.js, Deno and Bun, by `import`: the same instance that `require` gets.
import api from "./index.cjs";

export const { Client, Receiver, createHandler, decide, init, parseFailureCallback } = api;
