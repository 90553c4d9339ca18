// Node.js, Deno and Bun, by `require`: the WebAssembly beside this file and the digest are loaded when they are first needed.
"use strict";
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const core = require("./wasm/cjs/core.js");

core.setLoader(() => new WebAssembly.Module(readFileSync(join(__dirname, "wasm", "redrive.wasm"))));
core.setDigest((body) => require("node:crypto").createHash("sha256").update(body).digest());

exports.Client = core.Client;
exports.Receiver = core.Receiver;
exports.createHandler = core.createHandler;
exports.decide = core.decide;
exports.init = core.init;
exports.parseFailureCallback = core.parseFailureCallback;
