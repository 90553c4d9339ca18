/** One contender in a workerd of its own, as bare as it comes: no development server stands in front of it. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import workerd from "workerd";
import { DEV_SECRETS } from "../../tests/support/redrive.mjs";
import { freePort } from "../../tests/support/net.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Of the clock by which the kernel counts processor time. */
const TICKS_PER_SECOND = 100;

/**
 * @typedef {object} Running
 * @property {number} port
 * @property {string} url
 * @property {() => Promise<void>} loaded Resolves once its modules are compiled: workerd takes connections before that.
 * @property {() => number} cpuSeconds Processor time so far, of all threads.
 * @property {() => { resident: number, peak: number }} memory Megabytes of a million bytes.
 * @property {() => void} forgetPeak
 * @property {() => Promise<void>} stop
 */

/**
 * Starts it, and resolves once it takes connections.
 *
 * @param {import("./contenders.mjs").Contender} contender
 * @param {string} api Address of the DLQ API.
 * @returns {Promise<Running>}
 */
export async function start(contender, api) {
  const folder = mkdtempSync(join(tmpdir(), "redrive-bench-"));
  const port = await freePort();
  let idlePort = port;
  while (idlePort === port) idlePort = await freePort();
  mkdirSync(join(folder, "storage"));
  mkdirSync(join(folder, "nothing"));
  writeFileSync(join(folder, "config.capnp"), config(contender, api, { port, idlePort }, folder));
  const child = spawn(workerd.default, ["serve", "--experimental", join(folder, "config.capnp")], { stdio: ["ignore", "ignore", "pipe"] });
  let complaint = "";
  child.stderr.on("data", (text) => (complaint = (complaint + text).slice(-2000)));
  while (!(await takesConnections(port))) {
    if (child.exitCode !== null) throw new Error(`${contender.name}: ${complaint}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const read = (file) => readFileSync(`/proc/${child.pid}/${file}`, "utf8");
  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    loaded: () => answers(idlePort),
    cpuSeconds: () => {
      // The name of the command is in brackets, and may hold anything.
      const [, after] = /^.*\) (.*)$/s.exec(read("stat"));
      const fields = after.split(" ");
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    },
    memory: () => ({ resident: megabytes(read("status"), "VmRSS"), peak: megabytes(read("status"), "VmHWM") }),
    forgetPeak: () => writeFileSync(`/proc/${child.pid}/clear_refs`, "5"),
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      rmSync(folder, { recursive: true });
    },
  };
}

function megabytes(status, field) {
  return (Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)[1]) * 1024) / 1e6;
}

/** A connection is enough: a request would warm the Worker up. */
function takesConnections(port) {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(socket.destroy()?.destroyed));
    socket.once("error", () => resolve(false));
  });
}

/** Resolves at the first byte of an answer. */
async function answers(port) {
  while (!(await takesConnections(port))) await new Promise((resolve) => setTimeout(resolve, 1));
  await new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\nHost: idle\r\n\r\n"));
    socket.once("data", () => resolve(void socket.destroy()));
    socket.once("error", reject);
  });
}

function config({ modules, policy, hasLedger }, api, { port, idlePort }, folder) {
  const texts = { ...DEV_SECRETS, QSTASH_URL: api };
  const bindings = Object.entries(texts).map(([name, value]) => `(name = ${text(name)}, text = ${text(value)})`);
  if (policy) bindings.push(`(name = "POLICY", json = ${text(JSON.stringify(policy))})`);
  if (hasLedger) bindings.push(`(name = "LEDGER", durableObjectNamespace = "Ledger")`);
  const embedded = modules.map(({ name, kind, path }) => {
    return `(name = ${text(name)}, ${kind} = embed ${text(relative(folder, path))})`;
  });
  const durable = hasLedger
    ? `durableObjectNamespaces = [(className = "Ledger", uniqueKey = "ledger", enableSql = true)],
  durableObjectStorage = (localDisk = "storage"),`
    : "";
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "storage", disk = (path = ${text(join(folder, "storage"))}, writable = true)),
    (name = "idle", disk = ${text(join(folder, "nothing"))}),
  ],
  sockets = [
    (name = "http", address = "127.0.0.1:${port}", http = (), service = "main"),
    (name = "idle", address = "127.0.0.1:${idlePort}", http = (), service = "idle"),
  ],
);
const worker :Workerd.Worker = (
  modules = [${embedded.join(", ")}],
  compatibilityDate = ${text(compatibilityDate())},
  bindings = [${bindings.join(", ")}],
  ${durable}
);
`;
}

function compatibilityDate() {
  const [, date] = /^compatibility_date = "(.+)"$/m.exec(readFileSync(join(ROOT, "wrangler.toml"), "utf8"));
  return date;
}

const text = (value) => JSON.stringify(value);
