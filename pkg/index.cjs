// Node.js, Deno and Bun, by `require`: the WebAssembly beside this file and its hash are loaded when they are first needed.
"use strict";
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const core = require("./wasm/cjs/core.js");

core.setLoader(() => new WebAssembly.Module(readFileSync(join(__dirname, "wasm", "redrive.wasm"))));
core.setHash(() => {
  const crypto = require("node:crypto");
  // Node.js has `hash` since 20.12.
  if (crypto.hash === undefined) return (data) => crypto.createHash("sha256").update(data).digest("latin1");
  return (data) => crypto.hash("sha256", data, "latin1");
});

exports.Client = core.Client;
exports.Receiver = core.Receiver;
exports.createHandler = core.createHandler;
exports.decide = core.decide;
exports.init = core.init;
exports.parseFailureCallback = core.parseFailureCallback;
