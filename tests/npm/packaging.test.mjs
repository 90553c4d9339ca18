/** The package as it is published: packed, installed into empty projects, and run in each runtime and through each bundler. */
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { EdgeVM } from "@edge-runtime/vm";
import { build as esbuild } from "esbuild";
import { Miniflare, convertV4MiniflareOptions } from "miniflare";
import { failureCallback } from "../support/callback.mjs";
import { startLocalQstash } from "../support/local-qstash.mjs";
import { signToken } from "../support/sign.mjs";
import { startBrowser, startSite } from "./support/browser.mjs";
import { EXPECTED, program, resultOf, use } from "./support/consumer.mjs";
import { pack, project } from "./support/project.mjs";

const URL_CALLED = "https://app.example/api/failed";
let qstash;
let packed;
let browser;

before(async () => {
  [qstash, packed, browser] = await Promise.all([startLocalQstash(), pack(), startBrowser()]);
});
after(() => Promise.all([qstash.stop(), packed.remove(), browser.stop()]));

/** Everything that a consumer needs, with an entry of its own to resume. A page reaches the API at its own origin only. */
async function task(baseUrl = qstash.url) {
  const { dlqId } = await qstash.plant();
  const { body } = failureCallback({ status: 503 });
  return {
    baseUrl,
    token: qstash.token,
    keys: { currentSigningKey: qstash.currentKey, nextSigningKey: qstash.nextKey },
    url: URL_CALLED,
    body,
    dlqId,
    signature: signToken({ key: qstash.currentKey, url: URL_CALLED, body }),
  };
}

async function inProject(t, files) {
  const made = await project(packed.tarball, files);
  t.after(made.remove);
  return made;
}

/** A site for a page of this test; `result` shows a folder there and gives what the page prints. */
async function site(t) {
  const { url, show, stop } = await startSite(qstash.url);
  t.after(stop);
  return {
    url,
    result: async (folder, html) => {
      show(folder, html);
      return resultOf(await browser.printed(url, "RESULT"));
    },
  };
}

test("the tarball holds what is needed and nothing else, one WebAssembly file among it", () => {
  assert.deepEqual(packed.files.map(({ path }) => path).sort(), [
    "LICENSE",
    "README.md",
    "index.cjs",
    "index.d.cts",
    "index.d.mts",
    "index.mjs",
    "package.json",
    "types.d.cts",
    "wasm.d.cts",
    "wasm.d.ts",
    "wasm/cjs/core.js",
    "wasm/cjs/package.json",
    "wasm/cjs/texts.js",
    "wasm/core.js",
    "wasm/redrive.wasm",
    "wasm/texts.js",
    "web.mjs",
    "workerd.mjs",
  ]);
});

test("Node.js, by import", async (t) => {
  const { run } = await inProject(t, { "main.mjs": program(await task()) });
  assert.deepEqual(resultOf(await run("node", "main.mjs")), EXPECTED);
});

test("Node.js, by require", async (t) => {
  const { run } = await inProject(t, { "main.cjs": program(await task(), 'const api = require("workflow-redrive");') });
  assert.deepEqual(resultOf(await run("node", "main.cjs")), EXPECTED);
});

test("import and require get the same classes", async (t) => {
  const main = 'import * as a from "workflow-redrive"; import { createRequire } from "node:module";\n'
    + 'const b = createRequire(import.meta.url)("workflow-redrive");\n'
    + "console.log(Object.keys(b).sort().join(), Object.keys(b).every((name) => a[name] === b[name]));";
  const { run } = await inProject(t, { "main.mjs": main });
  assert.equal(await run("node", "main.mjs"), "Client,Receiver,createHandler,decide,init,parseFailureCallback true\n");
});

test("Bun", async (t) => {
  const { run } = await inProject(t, { "main.mjs": program(await task()) });
  assert.deepEqual(resultOf(await run("bun", "main.mjs")), EXPECTED);
});

test("Deno", async (t) => {
  const { run } = await inProject(t, { "main.mjs": program(await task()) });
  assert.deepEqual(resultOf(await run("deno", "run", "--allow-all", "--no-lock", "main.mjs")), EXPECTED);
});

test("workerd", async (t) => {
  const main = `import * as api from "workflow-redrive";\n${use}\n`
    + "export default { fetch: async (request) => Response.json(await use(api, await request.json())) };";
  const { folder } = await inProject(t, { "main.mjs": main });
  await esbuild({
    entryPoints: [join(folder, "main.mjs")],
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    outdir: join(folder, "out"),
    outExtension: { ".js": ".mjs" },
  });
  const names = await readdir(join(folder, "out"));
  const modules = await Promise.all(
    names.sort((a) => (a === "main.mjs" ? -1 : 1)).map(async (name) => ({
      type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
      path: name,
      contents: await readFile(join(folder, "out", name)),
    })),
  );
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({ host: "127.0.0.1", port: 0, modules, compatibilityDate: "2026-10-01", cf: false, telemetry: { enabled: false } }),
  );
  t.after(() => miniflare.dispose());
  const response = await miniflare.dispatchFetch("http://localhost/", { method: "POST", body: JSON.stringify(await task()) });
  assert.deepEqual(await response.json(), EXPECTED);
});

test("an edge-light runtime that lets no program compile WebAssembly", async (t) => {
  const importing = 'import * as given from "workflow-redrive";\nconst api = { ...given, init: () => given.init(globalThis.compiled) };';
  const source = program(await task(), importing).replace(/console\.log\((.+)\)\);\n$/, "globalThis.answer($1));\n");
  const { folder } = await inProject(t, { "main.mjs": source });
  const { outputFiles } = await esbuild({
    entryPoints: [join(folder, "main.mjs")],
    bundle: true,
    conditions: ["edge-light"],
    format: "iife",
    platform: "neutral",
    logLevel: "error",
    write: false,
  });
  const compiled = await WebAssembly.compile(await readFile(join(folder, "node_modules/workflow-redrive/wasm/redrive.wasm")));
  const printed = await new Promise((answer) => {
    const extend = (context) => Object.assign(context, { compiled, answer });
    new EdgeVM({ codeGeneration: { strings: false, wasm: false }, extend }).evaluate(outputFiles[0].text);
  });
  assert.deepEqual(resultOf(printed), EXPECTED);
});

test("a page in Chromium, by unbundled modules", async (t) => {
  const { url, result } = await site(t);
  const { folder } = await inProject(t, { "main.mjs": program(await task(url)) });
  const { exports } = JSON.parse(await readFile(join(folder, "node_modules/workflow-redrive/package.json"), "utf8"));
  const imports = { "workflow-redrive": join("/node_modules/workflow-redrive", exports["."].browser.default) };
  const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`;
  assert.deepEqual(await result(folder, `${map}<script type="module" src="/main.mjs"></script>`), EXPECTED);
});

test("a page in Chromium, through Vite", async (t) => {
  const { url, result } = await site(t);
  const { folder } = await inProject(t, {
    "index.html": '<script type="module" src="./main.js"></script>',
    "main.js": program(await task(url)),
  });
  const { build } = await import("vite");
  await build({ root: folder, logLevel: "error", configFile: false });
  const assets = await readdir(join(folder, "dist/assets"));
  assert.equal(assets.filter((name) => name.endsWith(".wasm")).length, 1);
  assert.deepEqual(await result(join(folder, "dist")), EXPECTED);
});

test("a page in Chromium, through webpack", async (t) => {
  const { url, result } = await site(t);
  const { folder } = await inProject(t, { "main.mjs": program(await task(url)) });
  const { default: webpack } = await import("webpack");
  const compiler = webpack({
    mode: "production",
    context: folder,
    entry: "./main.mjs",
    output: { path: join(folder, "dist"), filename: "main.js" },
    target: "web",
  });
  const stats = await new Promise((resolve, reject) => compiler.run((error, done) => (error ? reject(error) : resolve(done))));
  assert.equal(stats.hasErrors(), false, stats.toString());
  const assets = await readdir(join(folder, "dist"));
  assert.equal(assets.filter((name) => name.endsWith(".wasm")).length, 1);
  assert.deepEqual(await result(join(folder, "dist"), '<script defer src="main.js"></script>'), EXPECTED);
});

test("a page in Chromium, through esbuild, with the file named to `init`", async (t) => {
  const { url, result } = await site(t);
  const importing = 'import * as given from "workflow-redrive"; import file from "workflow-redrive/wasm";\n'
    + "const api = { ...given, init: () => given.init(new URL(file, import.meta.url)) };";
  const { folder } = await inProject(t, { "main.mjs": program(await task(url), importing) });
  await esbuild({
    entryPoints: [join(folder, "main.mjs")],
    bundle: true,
    format: "esm",
    platform: "browser",
    loader: { ".wasm": "file" },
    outdir: join(folder, "dist"),
  });
  assert.deepEqual(await result(join(folder, "dist"), '<script type="module" src="main.js"></script>'), EXPECTED);
});

test("in the web build everything asks for `init`, which refuses what is no WebAssembly and can be called again", async (t) => {
  const main = `import { Receiver, decide, init } from "./node_modules/workflow-redrive/web.mjs";
    const codes = [];
    const note = (error) => codes.push(error.code);
    const keys = { currentSigningKey: "a", nextSigningKey: "b" };
    await new Receiver(keys).verify({ signature: "a.b.c", body: "" }).catch(note);
    for (const source of [7, {}, null]) await init(source).catch(note);
    const { readFileSync } = await import("node:fs");
    const bytes = readFileSync("node_modules/workflow-redrive/wasm/redrive.wasm");
    await Promise.all([init(bytes), init(WebAssembly.compile(bytes)), init()]);
    await new Receiver(keys).verify({ signature: "a.b.c", body: "" }).catch(note);
    console.log(codes.join());`;
  const { run } = await inProject(t, { "main.mjs": main });
  assert.equal(await run("node", "main.mjs"), "not_initialized,invalid_argument,invalid_argument,invalid_argument,signature_malformed\n");
});
