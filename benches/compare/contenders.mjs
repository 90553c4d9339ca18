/** Who is compared, and what each is made of. */
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const FOLDER = fileURLToPath(new URL("../contenders", import.meta.url));
const BUNDLES = fileURLToPath(new URL("../../target/bench/contenders", import.meta.url));
const BUILD = process.env.REDRIVE_BUILD ?? fileURLToPath(new URL("../../build", import.meta.url));

/** Whom the others are measured by. */
export const PEER = "official-sdks";
/** As near as one can get. */
export const FLOOR = "body-and-fetch";

/** Targets are watched, and no breaker opens: every callback of a load is about a failure. */
const WATCHED = { breaker: { enabled: false } };

/**
 * @typedef {object} Contender
 * @property {string} name
 * @property {{ name: string, kind: "esModule" | "wasm", path: string }[]} modules The first is the Worker's entry.
 * @property {object} [policy]
 * @property {boolean} [hasLedger]
 */

/**
 * @param {string} name One of the files beside this folder; or "redrive" and "redrive-ledger" for our Worker, with
 *   "@FOLDER" for another build of it.
 * @returns {Contender}
 */
export function contender(name) {
  const [who, folder = BUILD] = name.split("@");
  if (who === "redrive") return { name, modules: redrive(folder) };
  if (who === "redrive-ledger") return { name, modules: redrive(folder), policy: WATCHED, hasLedger: true };
  return { name, modules: [{ name: "worker.mjs", kind: "esModule", path: bundle(name) }] };
}

/** As wrangler bundles it for a deployment. */
function bundle(name) {
  mkdirSync(BUNDLES, { recursive: true });
  const outfile = join(BUNDLES, `${name}.mjs`);
  buildSync({
    entryPoints: [join(FOLDER, `${name}.mjs`)],
    outfile,
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2024",
    external: ["cloudflare:*"],
    conditions: ["workerd", "worker", "browser"],
    logLevel: "error",
  });
  return outfile;
}

function redrive(folder) {
  if (!existsSync(join(folder, "index_bg.wasm"))) throw new Error(`no built Worker in ${folder}: run "make build"`);
  return [
    { name: "worker/shim.mjs", kind: "esModule" },
    { name: "index.js", kind: "esModule" },
    { name: "index_bg.wasm", kind: "wasm" },
  ].map((module) => ({ ...module, path: join(folder, module.name) }));
}
