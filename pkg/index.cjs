// Node.js, Deno and Bun, by `require`: the WebAssembly is read from beside this file when it is first needed.
"use strict";
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const core = require("./wasm/cjs/core.js");

core.setLoader(() => new WebAssembly.Module(readFileSync(join(__dirname, "wasm", "redrive.wasm"))));

exports.Client = core.Client;
exports.Receiver = core.Receiver;
exports.createHandler = core.createHandler;
exports.decide = core.decide;
exports.init = core.init;
exports.parseFailureCallback = core.parseFailureCallback;
