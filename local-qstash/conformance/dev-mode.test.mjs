/**
 * `QSTASH_DEV=true` and nothing else: the SDK probes port 8080, takes the server for the official one and runs against it.
 * The application runs in a process of its own, because the SDK reads its environment once and for all.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { startLocalQstash } from "../../tests/support/local-qstash.mjs";
import { isPortFree } from "../../tests/support/net.mjs";

const DEFAULT_PORT = 8080;
const APP = fileURLToPath(new URL("dev-mode-app.mjs", import.meta.url));

/** Runs the application with this environment alone and returns what it printed last, as JSON. */
function runApp(environment) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [APP], { env: environment, stdio: ["ignore", "pipe", "pipe"], timeout: 20_000 });
    let printed = "";
    child.stdout.on("data", (chunk) => (printed += chunk));
    child.stderr.on("data", (chunk) => (printed += chunk));
    child.once("error", reject);
    child.once("exit", (code) => {
      if (code === 0) resolve({ printed, result: JSON.parse(printed.trim().split("\n").at(-1)) });
      else reject(new Error(`the application ended with ${code}:\n${printed}`));
    });
  });
}

test("with no configuration the SDK finds the server on port 8080 and a workflow runs", async (t) => {
  assert.ok(
    await isPortFree(DEFAULT_PORT),
    `port ${DEFAULT_PORT} is in use: the SDK's zero-configuration mode knows no other, stop whatever listens there`,
  );
  const qstash = await startLocalQstash({ port: DEFAULT_PORT });
  t.after(qstash.stop);

  const { printed, result } = await runApp({ QSTASH_DEV: "true" });

  assert.deepEqual(result, { state: "RUN_SUCCESS", response: 42 });
  assert.match(printed, /Server already running at http:\/\/127\.0\.0\.1:8080/);
});

test("QSTASH_DEV_PORT moves it to another port", async (t) => {
  const qstash = await startLocalQstash();
  t.after(qstash.stop);

  const { result } = await runApp({ QSTASH_DEV: "true", QSTASH_DEV_PORT: new URL(qstash.url).port });

  assert.deepEqual(result, { state: "RUN_SUCCESS", response: 42 });
});
