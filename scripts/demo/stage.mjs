/**
 * The three servers of the demo, all on 127.0.0.1: QStash's stand-in, this project, and an application with a workflow.
 * Both Workers run in real workerd.
 */
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { Log, LogLevel, Miniflare, convertV4MiniflareOptions } from "miniflare";
import { unstable_readConfig as readConfig } from "wrangler";
import { startLocalQstash } from "../../tests/support/local-qstash.mjs";
import { isPortFree } from "../../tests/support/net.mjs";
import { DEV_SECRETS, startRedrive } from "../../tests/support/redrive.mjs";

const ROOT = new URL("../../", import.meta.url);
const ORDER = new URL("examples/order/", ROOT);

/** Ports that are easy to remember, for people who want to play. */
const PLEASANT_PORTS = { qstash: 8080, redrive: 8787, order: 8788 };

/**
 * @typedef {object} Stage
 * @property {number} timeScale Factor on every wait.
 * @property {import("../../tests/support/local-qstash.mjs").LocalQstash} qstash
 * @property {import("../../tests/support/redrive.mjs").Redrive} redrive
 * @property {Order} order
 * @property {() => Promise<void>} stop Ends all three.
 */

/**
 * @typedef {{ url: string, printed: string[], stop: () => Promise<void> }} Order
 */

/**
 * Starts all servers, or none.
 *
 * @param {object} options
 * @param {number} options.timeScale Factor on every wait.
 * @param {boolean} options.pleasantPorts Prefer fixed ports where they are free.
 * @returns {Promise<Stage>}
 */
export async function setStage({ timeScale, pleasantPorts }) {
  const running = [];
  const stop = async () => void (await Promise.allSettled(running.splice(0).map((server) => server.stop())));
  const started = async (starting) => {
    const server = await starting;
    running.push(server);
    return server;
  };
  try {
    const ports = pleasantPorts ? await freePorts(PLEASANT_PORTS) : { qstash: 0, redrive: 0, order: 0 };
    const qstash = await started(startLocalQstash({ port: ports.qstash, timeScale }));
    const redrive = await started(startRedrive({ port: ports.redrive, vars: redriveVars(qstash.url) }));
    const order = await started(startOrder(ports.order, { QSTASH_URL: qstash.url, REDRIVE_URL: `${redrive.url}/` }));
    return { timeScale, qstash, redrive, order, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The ports that nobody has taken; 0, which means any, for the others. */
async function freePorts(wanted) {
  const free = Object.entries(wanted).map(async ([name, port]) => [name, (await isPortFree(port)) ? port : 0]);
  return Object.fromEntries(await Promise.all(free));
}

/** As in `wrangler.toml`, so that a policy can be tried out here, but for the addresses. */
function redriveVars(qstashUrl) {
  const { vars } = readConfig({ config: fileURLToPath(new URL("wrangler.toml", ROOT)) });
  return { ...JSON.parse(JSON.stringify(vars)), QSTASH_URL: qstashUrl, PUBLIC_URL: "" };
}

/** Bundles the example as `wrangler` would and runs it. */
async function startOrder(port, vars) {
  const config = readConfig({ config: fileURLToPath(new URL("wrangler.toml", ORDER)) });
  const printed = [];
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port,
      compatibilityDate: config.compatibility_date,
      modules: [{ type: "ESModule", path: "index.mjs", contents: await bundle(config.main) }],
      bindings: { ...DEV_SECRETS, ...vars },
      cf: false,
      log: new Log(LogLevel.NONE),
      logRequests: false,
      telemetry: { enabled: false },
      // The SDK reports every failing step here: expected, and only of interest when the demo itself fails.
      handleStructuredLogs: ({ message }) => printed.push(message),
    }),
  );
  const stop = () => miniflare.dispose();
  try {
    return { url: (await miniflare.ready).origin, printed, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function bundle(main) {
  const { outputFiles } = await build({
    entryPoints: [main],
    bundle: true,
    write: false,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["node:*", "cloudflare:*"],
    logLevel: "error",
  });
  return outputFiles[0].text;
}
