/**
 * An application that hosts workflows with the unmodified official SDK on a loopback port.
 * Every delivery is verified twice by official code: inside `serve()`, and with the exact URL by `Receiver.verify`.
 */
import { Client, Receiver } from "@upstash/qstash";
import { serve } from "@upstash/workflow";
import { createWorkflow, serveMany } from "@upstash/workflow/cloudflare";
import { listen } from "./net.mjs";

/**
 * A delivery as the application saw it, with the answer the SDK gave. `signature` is "valid", "absent" or the reason why the
 * official receiver refused it.
 * @typedef {object} Delivery
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string>} headers
 * @property {string} body
 * @property {string} signature
 * @property {number} [status] Absent while the handler still runs.
 * @property {Record<string, string>} [answerHeaders]
 * @property {string} [answer]
 */

/**
 * Starts the application.
 *
 * @param {object} options
 * @param {Record<string, Function | { handler: Function, [option: string]: unknown }>} [options.routes] Path to route function, or to
 *   `{ handler, ...serveOptions }` for routes that need a `failureFunction` and the like.
 * @param {Record<string, Function | { handler: Function, [option: string]: unknown }>} [options.invokable] Workflow id to route function:
 *   workflows which can `context.invoke` each other, mounted at `/flows/<id>`. Their functions get the table of workflows as
 *   second argument.
 * @param {{ url: string, token: string, currentKey: string, nextKey: string }} options.qstash
 * @param {string} [options.publicUrl] Origin under which QStash knows the application, when it is rewritten on the way. Default: the
 *   loopback address.
 * @param {number} [options.port] Default: a free port.
 * @returns {Promise<{ url: string, publicUrl: string, deliveries: Delivery[], stop: () => Promise<void> }>}
 */
export async function startWorkflowApp({ routes = {}, invokable = {}, qstash, publicUrl, port }) {
  const receiver = new Receiver({ currentSigningKey: qstash.currentKey, nextSigningKey: qstash.nextKey });
  const qstashClient = new Client({ baseUrl: qstash.url, token: qstash.token });
  const serveOptions = { qstashClient, receiver, env: {}, baseUrl: publicUrl };
  const handlers = hostRoutes(routes, serveOptions);
  const flows = hostInvokable(invokable, serveOptions);
  const deliveries = [];
  let origin = publicUrl;

  const server = await listen(
    async (request) => {
      const { pathname } = new URL(request.path, "http://127.0.0.1");
      const handle = pathname.startsWith("/flows/") ? flows : handlers.get(pathname);
      if (!handle) return { status: 404, body: `no workflow is hosted at ${pathname}` };

      const url = `${origin}${request.path}`;
      const delivery = { ...request, signature: await checkSignature(receiver, request, url) };
      deliveries.push(delivery);
      const response = await handle(fetchRequest(request, url));
      delivery.answer = await response.text();
      delivery.answerHeaders = Object.fromEntries(response.headers);
      delivery.status = response.status;
      return { status: delivery.status, headers: delivery.answerHeaders, body: delivery.answer };
    },
    { port },
  );
  origin ??= server.url;
  return { url: server.url, publicUrl: origin, deliveries, stop: server.stop };
}

/** Path to fetch-style handler. */
function hostRoutes(routes, serveOptions) {
  return new Map(
    Object.entries(routes).map(([path, route]) => {
      const { handler, ...options } = asRoute(route);
      return [path, serve(handler, { ...serveOptions, ...options }).handler];
    }),
  );
}

/** One fetch-style handler for all workflows that may invoke each other. */
function hostInvokable(invokable, serveOptions) {
  const workflows = {};
  for (const [id, route] of Object.entries(invokable)) {
    const { handler, ...options } = asRoute(route);
    workflows[id] = createWorkflow((context) => handler(context, workflows), options);
  }
  const { fetch } = serveMany(workflows, serveOptions);
  return (request) => fetch(request, {});
}

function asRoute(route) {
  return typeof route === "function" ? { handler: route } : route;
}

function fetchRequest({ method, headers, body }, url) {
  const bodyless = method === "GET" || method === "HEAD";
  return new Request(url, { method, headers: forwardable(headers), body: bodyless ? undefined : body });
}

/** Headers that `Request` refuses or recomputes are left out. */
function forwardable(headers) {
  const hopByHop = ["connection", "content-length", "host", "transfer-encoding"];
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.includes(name)));
}

async function checkSignature(receiver, { headers, body }, url) {
  const signature = headers["upstash-signature"];
  if (!signature) return "absent";
  try {
    await receiver.verify({ signature, body, url });
    return "valid";
  } catch (error) {
    return error.message;
  }
}
