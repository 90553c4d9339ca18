/** The load: talks to the rig, see ../rig. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DEV_CREDENTIALS } from "../../tests/support/local-qstash.mjs";

const BINARY = process.env.RIG_BIN ?? fileURLToPath(new URL("../../target/release/rig", import.meta.url));

/**
 * @typedef {object} Load
 * @property {"genuine" | "forged" | "unsigned"} kind
 * @property {number} bytes
 * @property {number} connections
 * @property {number} seconds
 * @property {number} [requests] At most. Default: no limit.
 */

/**
 * What was seen; latencies are in milliseconds.
 * @typedef {object} Seen
 * @property {number} answers
 * @property {number} seconds
 * @property {Record<string, number>} statuses
 * @property {number} broken Connections that broke.
 * @property {number} resumed Calls of the DLQ API.
 * @property {number} p50
 * @property {number} p99
 * @property {number} max
 */

/** @returns {Promise<{ api: string, load: (port: number, load: Load) => Promise<Seen>, stop: () => void }>} */
export async function startRig() {
  const child = spawn(BINARY, { stdio: ["pipe", "pipe", "inherit"] });
  const failed = once(child, "exit").then(() => Promise.reject(new Error("the rig has ended")));
  failed.catch(() => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => JSON.parse((await Promise.race([lines.next(), failed])).value);
  const { api } = await next();
  return {
    api,
    load: (port, load) => {
      const order = { port, url: `http://127.0.0.1:${port}/`, key: DEV_CREDENTIALS.currentKey, ...load };
      child.stdin.write(`${JSON.stringify(order)}\n`);
      return next();
    },
    stop: () => child.kill(),
  };
}
