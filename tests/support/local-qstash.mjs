/**
 * Starts the native `local-qstash` server for a test and talks to its control API.
 * The binary is taken from LOCAL_QSTASH_BIN, else from `target/debug`; build it with `cargo build -p local-qstash`.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { poll } from "./net.mjs";

const READY_LINE = /^local-qstash listening on (http:\/\/\S+)$/m;
const START_TIMEOUT_MS = 10_000;

/** The SDK's built-in development user, which the server uses unless told otherwise. Public, for development only. */
export const DEV_CREDENTIALS = Object.freeze({
  token: "eyJVc2VySUQiOiJkZWZhdWx0VXNlciIsIlBhc3N3b3JkIjoiZGVmYXVsdFBhc3N3b3JkIn0=",
  currentKey: "sig_7kYjw48mhY7kAjqNGcy6cr29RJ6r",
  nextKey: "sig_5ZB6DVzB1wjE8S6rZ7eenA8Pdnhs",
});

/**
 * @typedef {object} StartOptions
 * @property {number} [port] Default: 0, a free port.
 * @property {number} [timeScale] Factor on every delay. Default: 0.001, so that seconds take milliseconds.
 * @property {Record<string, string>} [switches] Behaviours to flip, for example `{ "entry-on-resume": "kept" }`. Default: none.
 * @property {Record<string, string>} [rewrites] Destination prefixes to connect elsewhere. Default: none.
 * @property {string[]} [faults] Faults by chance, for example `["drop-answer:0.05"]`. Default: none.
 * @property {number} [seed] Seed of the generated ids and of the faults. Default: the server's.
 * @property {string} [region] Value of the `Upstash-Region` header. Default: the server's.
 * @property {string} [deliveryTimeout] Limit of one delivery, for example "30s". Default: the server's.
 * @property {{ token: string, currentKey: string, nextKey: string }} [credentials] Default: the SDK's development user.
 */

/**
 * @typedef {object} LocalQstash
 * @property {string} url
 * @property {string} token
 * @property {string} currentKey
 * @property {string} nextKey
 * @property {(after?: number) => Promise<object[]>} timeline Everything that happened, oldest first.
 * @property {(after?: number) => Promise<object[]>} requests Every API request that arrived, oldest first.
 * @property {(predicate: (event: object, events: object[]) => unknown, timeout?: number) => Promise<object>} waitFor
 *   The first timeline event for which the predicate holds.
 * @property {() => Promise<void>} reset Forgets every run, entry and record.
 * @property {(switches: Record<string, string>) => Promise<void>} setSwitches
 * @property {(faults: object[]) => Promise<void>} addFaults
 * @property {() => Promise<Record<string, number>>} injected How many requests each kind of fault has hit.
 * @property {(loss: { percent: number, state?: string }) => Promise<void>} loseCallbacks Loses failure callbacks from now on.
 * @property {(entry?: object) => Promise<object>} plant Puts entries into the dead letter queue without running a workflow.
 * @property {(path: string, init?: RequestInit) => Promise<Response>} api An API request with the right token.
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a server and resolves once it accepts requests. It is killed with the test process in any case.
 *
 * @param {StartOptions} [options]
 * @returns {Promise<LocalQstash>}
 */
export async function startLocalQstash(options = {}) {
  const { token, currentKey, nextKey } = options.credentials ?? DEV_CREDENTIALS;
  const server = await spawnServer(commandLine(options));
  const control = (path, body) => callControl(`${server.url}/local/${path}`, body);

  const timeline = async (after = 0) => (await control(`timeline?after=${after}`)).events;
  return {
    url: server.url,
    token,
    currentKey,
    nextKey,
    timeline,
    requests: async (after = 0) => (await control(`requests?after=${after}`)).requests,
    waitFor: (predicate, timeout) => waitForEvent(timeline, predicate, timeout),
    reset: async () => void (await control("reset", {})),
    setSwitches: async (switches) => void (await control("switches", switches)),
    addFaults: async (faults) => void (await control("faults", faults)),
    injected: async () => (await control("faults")).injected,
    loseCallbacks: async (loss) => void (await control("lost-callbacks", loss)),
    plant: (entry = {}) => control("dlq", entry),
    api: (path, init = {}) =>
      fetch(`${server.url}${path}`, { ...init, headers: { authorization: `Bearer ${token}`, ...init.headers } }),
    stop: server.stop,
  };
}

/** Turns the options into command line arguments. */
function commandLine({ port = 0, timeScale = 0.001, switches = {}, rewrites = {}, faults = [], credentials, ...rest }) {
  const args = ["--port", String(port), "--time-scale", String(timeScale)];
  for (const [name, value] of Object.entries(switches)) args.push("--switch", `${name}=${value}`);
  for (const [from, to] of Object.entries(rewrites)) args.push("--rewrite", `${from}=${to}`);
  for (const fault of faults) args.push("--fault", fault);
  if (rest.seed !== undefined) args.push("--seed", String(rest.seed));
  if (rest.region !== undefined) args.push("--region", rest.region);
  if (rest.deliveryTimeout !== undefined) args.push("--delivery-timeout", rest.deliveryTimeout);
  if (credentials) {
    args.push("--token", credentials.token, "--current-key", credentials.currentKey, "--next-key", credentials.nextKey);
  }
  return args;
}

function binaryPath() {
  const path =
    process.env.LOCAL_QSTASH_BIN ?? fileURLToPath(new URL("../../target/debug/local-qstash", import.meta.url));
  if (!existsSync(path)) {
    throw new Error(
      `no local-qstash binary at ${path}: run "cargo build -p local-qstash" or set LOCAL_QSTASH_BIN to a built one`,
    );
  }
  return path;
}

/** Spawns the binary and waits for its ready line. */
async function spawnServer(args) {
  const child = spawn(binaryPath(), args, { stdio: ["ignore", "pipe", "pipe"] });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  let printed = "";
  let exited = false;
  child.stdout.on("data", (chunk) => (printed += chunk));
  child.stderr.on("data", (chunk) => (printed += chunk));
  const exit = new Promise((resolve) => {
    child.once("error", (error) => {
      printed += error.message;
      resolve();
    });
    child.once("exit", resolve);
  }).then(() => {
    exited = true;
    process.removeListener("exit", kill);
  });

  const stop = async () => {
    kill();
    await exit;
  };
  try {
    const url = await poll(() => {
      const ready = READY_LINE.exec(printed);
      if (!ready && exited) throw new Error(`local-qstash ended before it was ready:\n${printed}`);
      return ready?.[1];
    }, { timeout: START_TIMEOUT_MS, what: "local-qstash to be ready", explain: () => printed });
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** One control request: GET without a body, POST with one. */
async function callControl(url, body) {
  const init =
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(url, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${init.method ?? "GET"} ${new URL(url).pathname}: ${response.status} ${text}`);
  return text === "" ? {} : JSON.parse(text);
}

/** Polls the timeline until an event satisfies the predicate; on a timeout the error shows the timeline so far. */
async function waitForEvent(timeline, predicate, timeout) {
  let events = [];
  return poll(
    async () => {
      events = await timeline();
      return events.find((event) => predicate(event, events));
    },
    {
      timeout,
      what: `a timeline event matching ${predicate}`,
      explain: () => events.map((event) => JSON.stringify(event)).join("\n"),
    },
  );
}
