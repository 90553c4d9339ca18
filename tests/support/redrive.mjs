/**
 * Runs the built Worker in real workerd, through Miniflare, as `wrangler dev` does: modules from the build folder, compatibility date
 * from `wrangler.toml`, on 127.0.0.1. The folder is `build/`, made by `make build`, or REDRIVE_BUILD.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import { DEV_CREDENTIALS } from "./local-qstash.mjs";
import { liveBytes } from "./inspector.mjs";
import { freePort, poll } from "./net.mjs";
import { signToken } from "./sign.mjs";

const ROOT = new URL("../../", import.meta.url);
const MODULES = [
  { type: "ESModule", path: "worker/shim.mjs" },
  { type: "ESModule", path: "index.js" },
  { type: "CompiledWasm", path: "index_bg.wasm" },
];
const SIGNING_KEY = "QSTASH_CURRENT_SIGNING_KEY";
const ANSWER_TIMEOUT_MS = 30_000;
/** The body of a request that is there for the line it leaves in the log, which no other request leaves. */
const MARKER = `{"":${"[".repeat(200)}`;

/** The development user of the SDK, under the names of the Worker's settings. */
export const DEV_SECRETS = Object.freeze({
  QSTASH_TOKEN: DEV_CREDENTIALS.token,
  QSTASH_CURRENT_SIGNING_KEY: DEV_CREDENTIALS.currentKey,
  QSTASH_NEXT_SIGNING_KEY: DEV_CREDENTIALS.nextKey,
});

/**
 * @typedef {object} StartOptions
 * @property {Record<string, string>} [secrets] Default: `DEV_SECRETS`.
 * @property {Record<string, string | object>} [vars] As `[vars]` in `wrangler.toml`, of which nothing is taken over; tables such as
 *   POLICY are objects. Default: none.
 * @property {boolean} [isPublic] Whether its address is set as PUBLIC_URL, which sweeps need. Default: false.
 * @property {number} [port] Default: 0, a free one.
 * @property {boolean | string | Broken} [ledger] Whether the ledger is bound; a folder keeps its storage there; one that is broken
 *   fails as it says. Default: false.
 * @property {"dropped" | "kept"} [analytics] A dataset to bind as ANALYTICS: Miniflare's own, which drops the data points, or
 *   one that shows them at `/data-points`. Default: none.
 * @property {Front} [front] What stands before the Worker. Default: nothing.
 * @property {(wasm: Buffer) => Buffer} [wasm] Changes the WebAssembly before it is run. Default: as it was built.
 * @property {boolean} [isInspected] Whether `live` can be asked. Default: false.
 * @property {string} [build] Folder of the built modules. Default: REDRIVE_BUILD, else `build/`.
 */

/**
 * A module that is called in place of the Worker's, which it imports from `./worker/shim.mjs`, and other modules, for Miniflare.
 * @typedef {{ contents: string, modules?: object[] }} Front
 */

/**
 * A ledger that throws at these messages and never answers those, by their `do`; "all" is every one.
 * @typedef {{ throws?: string, hangs?: string }} Broken
 */

/**
 * One line that was printed, with workerd's name of its level.
 * @typedef {{ level: string, message: string }} Printed
 */

/**
 * A request. Bodies are sent with a length, or chunked where they are iterables.
 * @typedef {{ method?: string, headers?: Record<string, string>, body?: string | Uint8Array | Iterable<Uint8Array> }} Send
 */

/**
 * @typedef {{ status: number, headers: Record<string, string>, text: string }} Answer
 */

/**
 * @typedef {object} Redrive
 * @property {string} url The origin, without a slash at its end.
 * @property {() => Printed[]} printed Everything printed so far.
 * @property {() => Promise<object[]>} logs The Worker's log lines since the last call, each of which must be one JSON object. Complete for
 *   every request that was answered before.
 * @property {(path: string, send?: Send) => Promise<Answer>} send
 * @property {() => Promise<object[]>} sweep Fires the cron trigger, and returns the reports of the sweep: its log lines.
 * @property {(actor: string, message: object) => Promise<object>} tell Tells an actor of the ledger something.
 * @property {() => number} memory Resident bytes of workerd.
 * @property {() => Promise<number>} live Bytes that its isolate holds once garbage is collected.
 * @property {() => Promise<void>} restart Replaces workerd: nothing in memory survives, the address stays.
 * @property {() => Promise<void>} kill The same with SIGKILL: workerd gets to finish nothing.
 * @property {() => Promise<void>} stop
 */

/**
 * Starts the Worker and resolves once it accepts requests.
 *
 * @param {StartOptions} [options]
 * @returns {Promise<Redrive>}
 */
export async function startRedrive(options = {}) {
  const { secrets = DEV_SECRETS, ledger = false, isPublic = false, isInspected = false, analytics, front, wasm, build } = options;
  let { vars = {}, port = 0 } = options;
  const printed = [];
  if (isPublic) {
    port ||= await freePort();
    vars = { ...vars, PUBLIC_URL: `http://127.0.0.1:${port}/` };
  }
  const inspectorPort = isInspected ? await freePort() : undefined;
  const launch = (port) => {
    const worker = workerOptions({ ...secrets, ...vars }, port, modulesOf(buildFolder(build), wasm), printed);
    return launchWorkerd({ ...behind(front, withDataset(analytics, withLedger(ledger, worker))), inspectorPort });
  };
  let { miniflare, url, pid } = await launch(port);
  let read = 0;
  // Signed, for of strangers not each has a line in the log.
  const account = Object.keys({ ...secrets, ...vars }).find((name) => name.endsWith(SIGNING_KEY));
  const mark = async () => {
    const key = { ...secrets, ...vars }[account];
    const headers = {
      "Upstash-Signature": signToken({ key, url: vars.PUBLIC_URL ?? `${url}/`, body: MARKER }),
      // Accounts of a region have its name before their settings.
      "Upstash-Region": account.slice(0, -SIGNING_KEY.length - 1).replaceAll("_", "-"),
    };
    await sendRequest(`${url}/`, { method: "POST", headers, body: MARKER });
  };
  return {
    url,
    printed: () => [...printed],
    logs: async () => {
      await flushLogs(mark, printed);
      const lines = printed.slice(read, -1).filter(isOfWorker);
      read = printed.length;
      return lines.map(({ message }) => JSON.parse(message));
    },
    send: (path, send) => sendRequest(url + path, send),
    sweep: async () => {
      const before = printed.length;
      const { outcome } = await (await miniflare.getWorker()).scheduled({ cron: "*/5 * * * *" });
      if (outcome !== "ok") throw new Error(`the cron trigger ended with ${outcome}`);
      await mark();
      // Others may be at work: what is of interest comes before this request's own line, which nobody is to see.
      const marker = await poll(() => printed.slice(before).find(isMarker), { what: "the log lines of the sweep" });
      const lines = printed.slice(before, printed.indexOf(marker)).filter(isOfWorker);
      printed.splice(printed.indexOf(marker), 1);
      return lines.map(({ message }) => JSON.parse(message)).filter(({ event }) => event === "sweep");
    },
    tell: async (actor, message) => {
      const ledger = await miniflare.getDurableObjectNamespace("LEDGER");
      const stub = ledger.get(ledger.idFromName(actor));
      const [answer] = await stub.tell(actor, [JSON.stringify(message)]);
      if (answer === null) throw new Error(`${actor} makes nothing of ${JSON.stringify(message)}`);
      return JSON.parse(answer);
    },
    memory: () => residentBytes(pid),
    live: async () => {
      let isTold = false;
      const told = liveBytes(inspectorPort).finally(() => (isTold = true));
      // An isolate without requests does not answer its inspector.
      do await sendRequest(`${url}/healthz`);
      while (!isTold);
      return told;
    },
    restart: async () => {
      await miniflare.dispose();
      ({ miniflare, pid } = await launch(Number(new URL(url).port)));
    },
    kill: async () => {
      process.kill(pid, "SIGKILL");
      await miniflare.dispose();
      ({ miniflare, pid } = await launch(Number(new URL(url).port)));
    },
    stop: () => miniflare.dispose(),
  };
}

/** One after the other, so that it can be told which process belongs to whom. */
let launched = Promise.resolve();

function launchWorkerd(options) {
  launched = launched.catch(() => {}).then(() => launchNow(options));
  return launched;
}

async function launchNow(options) {
  const { storage, ...others } = options;
  const miniflare = new Miniflare({
    ...convertV4MiniflareOptions(others),
    ...(storage && { resourcePersistencePath: storage }),
  });
  const { origin } = await miniflare.ready;
  return { miniflare, url: origin, pid: newWorkerd() };
}

function modulesOf(folder, wasm = (bytes) => bytes) {
  return MODULES.map(({ type, path }) => {
    const contents = readFileSync(join(folder, path));
    return { type, path, contents: type === "CompiledWasm" ? wasm(contents) : contents };
  });
}

/** The Worker with another module in front of it. */
function behind(front, options) {
  if (!front) return options;
  const module = { type: "ESModule", path: "front.mjs", contents: front.contents };
  return { ...options, modules: [module, ...options.modules, ...(front.modules ?? [])] };
}

function workerOptions(bindings, port, modules, printed) {
  return {
    host: "127.0.0.1",
    port,
    compatibilityDate: compatibilityDate(),
    modules,
    bindings,
    cf: false,
    log: new Log(LogLevel.NONE),
    logRequests: false,
    telemetry: { enabled: false },
    handleStructuredLogs: ({ level, message }) => printed.push({ level, message }),
  };
}

/**
 * A dataset of Analytics Engine: Miniflare's own, which drops what is written, or one that keeps it and shows it at
 * `/data-points`.
 */
function withDataset(analytics, options) {
  if (analytics === "dropped") return { ...options, analyticsEngineDatasets: { ANALYTICS: { dataset: "redrive" } } };
  if (analytics !== "kept") return options;
  const contents = `
    import Redrive, { Ledger } from "./worker/shim.mjs";
    export { Ledger };
    const points = [];
    const ANALYTICS = { writeDataPoint: (point) => void points.push(point) };
    export default {
      fetch(request, env, context) {
        if (new URL(request.url).pathname === "/data-points") return Response.json(points.splice(0));
        return Redrive.fetch(request, { ...env, ANALYTICS }, context);
      },
      scheduled: (event, env, context) => Redrive.scheduled(event, { ...env, ANALYTICS }, context),
    };`;
  return behind({ contents }, options);
}

/** The binding of `wrangler.toml`. */
function withLedger(ledger, options) {
  if (!ledger) return options;
  const bound = { ...options, durableObjects: { LEDGER: { className: "Ledger", useSQLite: true } } };
  if (ledger === true) return bound;
  return typeof ledger === "string" ? { ...bound, storage: ledger } : behind({ contents: brokenLedger(ledger) }, bound);
}

/** The Worker with a ledger that fails. */
function brokenLedger({ throws, hangs }) {
  return `
    import Redrive, { Ledger as Sound } from "./worker/shim.mjs";
    export default Redrive;
    export class Ledger extends Sound {
      tell(actor, messages) {
        const told = ["all", ...messages.map((message) => JSON.parse(message).do)];
        if (told.includes(${JSON.stringify(throws)})) throw new Error("the ledger is broken");
        if (told.includes(${JSON.stringify(hangs)})) return new Promise(() => setInterval(() => {}, 1000));
        return super.tell(actor, messages);
      }
    }`;
}

function buildFolder(folder = process.env.REDRIVE_BUILD ?? fileURLToPath(new URL("build", ROOT))) {
  if (!existsSync(join(folder, "index_bg.wasm"))) {
    throw new Error(`no built Worker in ${folder}: run "make build" or set REDRIVE_BUILD to the folder of one`);
  }
  return folder;
}

function compatibilityDate() {
  const [, date] = /^compatibility_date = "(.+)"$/m.exec(readFileSync(new URL("wrangler.toml", ROOT), "utf8"));
  return date;
}

/** workerd has something to say, too: of an alarm that was set anew just when it rang, say. */
const isOfWorker = ({ message }) => !message.startsWith("NOSENTRY ");

/** The line of a request that these helpers make. */
const isMarker = ({ message }) => message.includes('"too_deep"');

/** Lines arrive after the response, but in order: once a request's own line is here, so are those of all before it. */
async function flushLogs(mark, printed) {
  const before = printed.length;
  await mark();
  await poll(() => printed.length > before && isMarker(printed.at(-1)), {
    what: "the log lines of all requests",
    explain: () => JSON.stringify(printed.slice(before)),
  });
}

/** Plain node:http, because fetch neither sends lengths of its caller's choice nor gives an answer that comes before the body's end. */
function sendRequest(url, { method = "GET", headers = {}, body } = {}) {
  const whole = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const length = whole && method !== "GET" ? { "Content-Length": Buffer.byteLength(body ?? "") } : {};
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
    const request = httpRequest(url, { method, headers: { ...length, ...headers }, agent: false, signal }, (response) => {
      readAnswer(response).then(resolve, reject);
    });
    request.once("error", reject);
    if (whole) request.end(body);
    else writeAll(request, body);
  });
}

/** Writes chunk by chunk, and stops where the other side has answered or hung up. */
async function writeAll(request, chunks) {
  for (const chunk of chunks) {
    if (request.destroyed) return;
    await new Promise((resolve) => request.write(chunk, () => resolve()));
  }
  request.end();
}

async function readAnswer(response) {
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: response.statusCode, headers: response.headers, text: Buffer.concat(chunks).toString("utf8") };
}

/** Processes of workerd that belong to a Worker already, or did. */
const taken = new Set();

/** The workerd that this process has started last. */
function newWorkerd() {
  const [pid, ...others] = workerds().map(({ pid }) => pid).filter((pid) => !taken.has(pid));
  if (pid === undefined || others.length > 0) throw new Error(`expected one new workerd, found ${others.length + (pid ? 1 : 0)}`);
  taken.add(pid);
  return pid;
}

const residentBytes = (pid) => workerds().find((process) => process.pid === pid).kilobytes * 1024;

function workerds() {
  const processes = execFileSync("ps", ["-A", "-o", "ppid=,pid=,rss=,comm="], { encoding: "utf8" });
  return processes
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .filter((row) => row && Number(row[1]) === process.pid && row[4].includes("workerd"))
    .map(([, , pid, kilobytes]) => ({ pid: Number(pid), kilobytes: Number(kilobytes) }));
}
