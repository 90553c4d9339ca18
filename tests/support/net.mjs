/**
 * Small network helpers for tests: loopback servers, a request recorder, and polling with a deadline.
 * Everything listens on 127.0.0.1 and nothing sleeps for a fixed time.
 */
import { createServer } from "node:http";
import { createServer as createSocketServer } from "node:net";

const POLL_INTERVAL_MS = 10;
const DEFAULT_DEADLINE_MS = 10_000;

/**
 * A request as a test server saw it.
 * @typedef {{ method: string, path: string, headers: Record<string, string>, body: string }} SeenRequest
 */

/**
 * What a handler answers. Default: status 200, no headers, empty body.
 * @typedef {{ status?: number, headers?: Record<string, string>, body?: string }} Answer
 */

/**
 * Starts an HTTP server whose handler maps a whole request to a whole answer.
 * A handler that throws is answered with 500 and the stack, so that the mistake shows up in the test.
 *
 * @param {(request: SeenRequest) => Promise<Answer> | Answer} handler
 * @param {{ port?: number }} [options] port 0, the default, picks a free one
 * @returns {Promise<{ url: string, port: number, stop: () => Promise<void> }>}
 */
export async function listen(handler, { port = 0 } = {}) {
  const server = createServer((incoming, outgoing) => {
    readRequest(incoming)
      .then(handler)
      .catch((error) => ({ status: 500, body: String(error?.stack ?? error) }))
      .then(({ status = 200, headers = {}, body = "" }) => {
        outgoing.writeHead(status, headers);
        outgoing.end(body);
      });
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const chosen = server.address().port;
  return {
    url: `http://127.0.0.1:${chosen}`,
    port: chosen,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/**
 * Starts a server that keeps every request it gets and answers as told: a stand-in for a failure URL or a third party.
 *
 * @param {(request: SeenRequest, index: number) => Promise<Answer> | Answer} [answer] Default: 200, empty body.
 * @returns {Promise<{
 *   url: string,
 *   requests: SeenRequest[],
 *   waitFor: (count: number, timeout?: number) => Promise<SeenRequest[]>,
 *   stop: () => Promise<void>,
 * }>}
 */
export async function startRecorder(answer = () => ({})) {
  const requests = [];
  const server = await listen((request) => {
    requests.push(request);
    return answer(request, requests.length - 1);
  });
  return {
    url: server.url,
    requests,
    waitFor: (count, timeout) =>
      poll(() => requests.length >= count && requests, { timeout, what: `${count} requests at ${server.url}` }),
    stop: server.stop,
  };
}

/**
 * Calls `check` until it returns something truthy and returns that. An error thrown by `check` ends the wait at once.
 *
 * @template T
 * @param {() => Promise<T> | T} check
 * @param {{ timeout?: number, what?: string, explain?: () => string }} [options] `timeout` in milliseconds, default 10 s;
 *   `explain` adds what was seen instead to the error.
 * @returns {Promise<T>}
 */
export async function poll(check, { timeout = DEFAULT_DEADLINE_MS, what = "the condition", explain } = {}) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (Date.now() >= deadline) {
      const seen = explain ? `\n${explain()}` : "";
      throw new Error(`timed out after ${timeout} ms waiting for ${what}${seen}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS));
  }
}

/** A port on which nobody listens at the moment. */
export async function freePort() {
  const { port, stop } = await listen(() => ({}));
  await stop();
  return port;
}

/**
 * Whether nobody listens on the port. Tries to bind it, so that a half-closed listener counts as taken too.
 *
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function isPortFree(port) {
  return new Promise((resolve) => {
    const probe = createSocketServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}

/**
 * Header list of a `node:http` request as a flat object with lower-case names; repeated headers are joined with ", ".
 *
 * @param {import("node:http").IncomingMessage} incoming
 * @returns {Promise<SeenRequest>}
 */
async function readRequest(incoming) {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers = {};
  for (const [name, values] of Object.entries(incoming.headersDistinct)) headers[name] = values.join(", ");
  return { method: incoming.method, path: incoming.url, headers, body: Buffer.concat(chunks).toString("utf8") };
}
