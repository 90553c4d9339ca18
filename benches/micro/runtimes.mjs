/** Where the parts run: in this Node.js, and in a workerd of their own. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Receiver } from "@upstash/qstash";
import { build } from "esbuild";
import * as redrive from "../../pkg/index.mjs";
import { start } from "../compare/workerd.mjs";
import { callback, calls, repeat } from "./parts.mjs";

const WORKER = fileURLToPath(new URL("worker.mjs", import.meta.url));
const WASM = fileURLToPath(new URL("../../pkg/wasm/redrive.wasm", import.meta.url));
const BUNDLE = fileURLToPath(new URL("../../target/bench/micro", import.meta.url));

/**
 * Makes so many calls of one contender of one part.
 * @typedef {{ size: string, part: string, who: string, times: number, signature: string }} Order
 */

/**
 * @typedef {object} Runtime
 * @property {string} name
 * @property {(order: Order) => Promise<unknown>} run Resolves to the last call's answer.
 * @property {() => Promise<void>} stop
 */

/** @returns {Runtime} */
export function inNode() {
  const made = {};
  return {
    name: "Node.js",
    run: ({ size, part, who, times, signature }) => {
      made[size] ??= calls(redrive, Receiver, { body: callback(size), signature });
      return repeat(made[size][part][who], times);
    },
    stop: async () => {},
  };
}

/** @returns {Promise<Runtime>} */
export async function inWorkerd() {
  mkdirSync(BUNDLE, { recursive: true });
  const path = join(BUNDLE, "worker.mjs");
  await build({
    entryPoints: [WORKER],
    outfile: path,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2024",
    // As the package's Worker entry imports it, and as it is called below.
    external: ["./wasm/redrive.wasm", "cloudflare:*"],
    conditions: ["workerd", "worker", "browser"],
    logLevel: "error",
  });
  const modules = [
    { name: "worker.mjs", kind: "esModule", path },
    { name: "wasm/redrive.wasm", kind: "wasm", path: WASM },
  ];
  // It calls nobody.
  const worker = await start({ name: "micro", modules }, "http://127.0.0.1:9");
  return {
    name: "workerd",
    run: async (order) => {
      const answer = await fetch(worker.url, { method: "POST", body: JSON.stringify(order) });
      if (!answer.ok) throw new Error(`${order.part}, ${order.size}, ${order.who}: ${await answer.text()}`);
      return answer.json();
    },
    stop: worker.stop,
  };
}
