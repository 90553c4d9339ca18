/**
 * Starts the built Worker in real workerd, through Miniflare, as `wrangler dev` would: modules from `build/`, compatibility date from
 * `wrangler.toml`, a port on 127.0.0.1. The modules are taken from REDRIVE_BUILD where it is set; build them with `make build`.
 */
import { existsSync, readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { fileURLToPath } from "node:url";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import { DEV_CREDENTIALS } from "./local-qstash.mjs";
import { poll } from "./net.mjs";

const ROOT = new URL("../../", import.meta.url);
const MODULES = [
  { type: "ESModule", path: "worker/shim.mjs" },
  { type: "ESModule", path: "index.js" },
  { type: "CompiledWasm", path: "index_bg.wasm" },
];

/** The secrets of the SDK's development user, under the names that the Worker reads. */
export const DEV_SECRETS = Object.freeze({
  QSTASH_TOKEN: DEV_CREDENTIALS.token,
  QSTASH_CURRENT_SIGNING_KEY: DEV_CREDENTIALS.currentKey,
  QSTASH_NEXT_SIGNING_KEY: DEV_CREDENTIALS.nextKey,
});

/**
 * What `wrangler` would hand to the Worker: text, and tables (`[vars.POLICY]`) as objects.
 * @typedef {Record<string, string | object>} Bindings
 */

/**
 * @typedef {object} StartOptions
 * @property {Bindings} [secrets] Default: `DEV_SECRETS`.
 * @property {Bindings} [vars] What `[vars]` holds, such as QSTASH_URL and POLICY. Default: nothing, not even those of `wrangler.toml`.
 * @property {number} [port] Default: 0, a free one.
 */

/**
 * A printed line, parsed where it is JSON.
 * @typedef {{ level: string, text: string, json?: object }} Printed
 */

/**
 * @typedef {object} Redrive
 * @property {string} url Origin, without a slash at the end.
 * @property {() => Printed[]} printed Everything that the Worker and workerd printed, oldest first.
 * @property {(count: number) => Promise<object[]>} logs The first log lines as objects, once there are so many. Lines are written
 *   in order but arrive after the response.
 * @property {(path: string, init?: object) => Promise<Answer>} send One request, as the callback builders make it.
 * @property {number} pid The process of workerd.
 * @property {() => Promise<void>} restart Replaces workerd, so that nothing in memory survives; the port stays.
 * @property {() => Promise<void>} stop
 */

/**
 * @typedef {{ status: number, headers: Record<string, string>, text: string, body: object | undefined }} Answer
 */

/**
 * Starts the Worker and resolves once it accepts requests.
 *
 * @param {StartOptions} [options]
 * @returns {Promise<Redrive>}
 */
export async function startRedrive({ secrets = DEV_SECRETS, vars = {}, port = 0 } = {}) {
  const printed = [];
  const start = async (port) => {
    const miniflare = new Miniflare(convertV4MiniflareOptions(options({ ...secrets, ...vars }, port, printed)));
    return { miniflare, url: (await miniflare.ready).href.replace(/\/$/, "") };
  };
  let running = await start(port);
  const { url } = running;
  console.log(url);
  return { url, printed: () => [...printed], stop: () => running.miniflare.dispose() };
}

function options(bindings, port, printed) {
  return {
    host: "127.0.0.1",
    port,
    compatibilityDate: compatibilityDate(),
    modules: MODULES.map(({ type, path }) => ({ type, path, contents: readFileSync(modulePath(path)) })),
    bindings,
    telemetry: { enabled: false },
    cf: false,
    log: new Log(LogLevel.NONE),
    logRequests: false,
    handleStructuredLogs: (log) => printed.push(log),
  };
}
function modulePath(path) {
  const folder = process.env.REDRIVE_BUILD ?? fileURLToPath(new URL("build", ROOT));
  return `${folder}/${path}`;
}

function compatibilityDate() {
  return /^compatibility_date = "(.*)"$/m.exec(readFileSync(new URL("wrangler.toml", ROOT), "utf8"))[1];
}
