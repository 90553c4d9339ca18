/** The declarations: true to what is exported, and good for a strict consumer of either module system. */
import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { after, before, test } from "node:test";
import { pack, project } from "./support/project.mjs";

const read = (path) => readFile(new URL(path, import.meta.url), "utf8");
const TSC = createRequire(import.meta.url).resolve("typescript/package.json").replace("package.json", "bin/tsc");
let packed;
before(async () => (packed = await pack()));
after(() => packed.remove());

test("every value that is declared is exported by every entry, and none besides", async () => {
  const declarations = await read("../../pkg/index.d.cts");
  const declared = [...declarations.matchAll(/^export (?:declare )?(?:class|function|const) (\w+)/gm)].map(([, name]) => name).sort();
  const { default: inner, ...node } = await import("../../pkg/index.mjs");
  assert.deepEqual(Object.keys(node).sort(), declared);
  assert.deepEqual(Object.keys(createRequire(import.meta.url)("../../pkg/index.cjs")).sort(), declared);
  assert.deepEqual(Object.keys(await import("../../pkg/web.mjs")).sort(), declared);
  const [, worker] = /^export \{ (.+) \}/m.exec(await read("../../pkg/workerd.mjs"));
  assert.deepEqual(worker.split(", ").sort(), declared);
});

test("every code that the package gives itself is declared", async () => {
  const declarations = (await read("../../pkg/index.d.cts")) + (await read("../../pkg/types.d.cts"));
  const given = async (folder, code) => {
    const names = (await readdir(new URL(folder, import.meta.url))).filter((name) => /\.(rs|mjs)$/.test(name));
    const sources = await Promise.all(names.map((name) => read(folder + name)));
    return sources.flatMap((source) => [...source.matchAll(code)].map(([, word]) => word));
  };
  const codes = [
    // The package's JavaScript makes an `invalid_argument` of it.
    ...(await given("../../src/npm/", /\berror\(\s*"((?!invalid_setting)[a-z_]+)"/g)),
    ...(await given("../../pkg/src/", /\bfailure\(\s*"([a-z_]+)"/g)),
  ];
  assert.ok(new Set(codes).size > 6, codes.join());
  assert.deepEqual(codes.filter((code) => !declarations.includes(`"${code}"`)), []);
});

test("the consumer uses every type", async () => {
  const declarations = (await read("../../pkg/index.d.cts")) + (await read("../../pkg/types.d.cts"));
  const declared = [...declarations.matchAll(/^export (?:type|interface) (\w+)/gm)].map(([, name]) => name);
  const [, consumer] = (await read("consumer.mts")).split('} from "workflow-redrive";');
  assert.ok(declared.length > 40);
  assert.deepEqual(declared.filter((name) => !new RegExp(`\\b${name}\\b`).test(consumer)), []);
});

for (const [what, settings, name, config] of [
  ["an ES module", { module: "nodenext" }, "consumer.mts", {}],
  ["a bundled application", { module: "esnext", moduleResolution: "bundler" }, "consumer.mts", {}],
  ["a CommonJS module", { module: "nodenext" }, "consumer.cts", { await: false }],
]) {
  test(`tsc --strict compiles ${what} that uses every export`, async (t) => {
    let source = await read("consumer.mts");
    if (config.await === false) {
      // CommonJS has no await at the top, and takes the module by its file.
      source = source
        .replace(/^import wasm .*$/m, 'declare const wasm: import("workflow-redrive").WasmSource;')
        .replace(/^await init\(\);\n([\s\S]*)^export .*$/m, "export const all = async () => {\nawait init();\n$1};");
    }
    const compilerOptions = { strict: true, exactOptionalPropertyTypes: true, noEmit: true, target: "es2022", lib: ["es2022", "dom", "dom.iterable"], types: [], ...settings };
    const { run, remove } = await project(packed.tarball, { [name]: source, "tsconfig.json": JSON.stringify({ compilerOptions, files: [name] }) });
    t.after(remove);
    await run("node", fileURLToPath(new URL(`file://${TSC}`)), "-p", ".");
  });
}
