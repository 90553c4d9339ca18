/** Connections that want nothing, and bodies that hardly come. */
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Keeps so many connections open on which nothing is said: those that are closed are opened anew. */
export function keepIdle(url, count) {
  const { hostname: host, port } = new URL(url);
  const sockets = new Set();
  let open = true;
  let opened = 0;
  const another = () => {
    if (!open) return;
    const socket = connect({ host, port });
    sockets.add(socket);
    socket.once("connect", () => (opened += 1));
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      setTimeout(another, 200).unref();
    });
    socket.resume();
  };
  for (let n = 0; n < count; n += 1) another();
  return {
    /** Those that are connected. */
    now: () => [...sockets].filter(({ readyState }) => readyState === "open").length,
    opened: () => opened,
    stop: () => {
      open = false;
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Writes a body a few bytes at a time, and stops where nobody takes it. */
export async function trickle(request, body, { bytes, everyMs, until = () => false }) {
  request.flushHeaders();
  for (let at = 0; at < body.length && !request.destroyed && !until(); at += bytes) {
    request.write(body.slice(at, at + bytes));
    await sleep(everyMs);
  }
  request.end();
}
