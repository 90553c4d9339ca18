/** The npm package and the official one in a new process: what the import costs, and the first call. */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { signToken } from "../../tests/support/sign.mjs";
import { median } from "../compare/figures.mjs";
import { KEYS, URL_CALLED, callback } from "./parts.mjs";

const PACKAGES = { redrive: new URL("../../pkg/index.mjs", import.meta.url).href, official: "@upstash/qstash" };
const SCRIPT = fileURLToPath(new URL("first-call.mjs", import.meta.url));

/** @returns {Promise<{ name: string, import: number, first: number, compile: number }[]>} milliseconds; `compile`: what of `first` the WebAssembly takes until it can be run */
export async function firstCalls(rounds) {
  const samples = Object.fromEntries(Object.keys(PACKAGES).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const body = callback("2 KB");
    const request = { signature: signToken({ key: KEYS.currentSigningKey, url: URL_CALLED, body }), body, url: URL_CALLED };
    for (const [name, from] of Object.entries(PACKAGES)) {
      const said = execFileSync(process.execPath, [SCRIPT, from, JSON.stringify(request)], { encoding: "utf8" });
      samples[name].push(JSON.parse(said));
    }
  }
  const of = (name, field) => median(samples[name].map((sample) => sample[field]));
  return Object.keys(PACKAGES).map((name) => ({ name, import: of(name, "import"), first: of(name, "first"), compile: of(name, "compile") }));
}
