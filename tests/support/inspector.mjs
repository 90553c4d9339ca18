/** What an isolate holds, asked over the engine's own debugging protocol. */

const PATIENCE_MS = 10_000;

/**
 * Bytes that the Worker's isolate holds after garbage was collected: the heap of its JavaScript, and buffers outside of
 * it. The memory of WebAssembly is not among them. The ledger's objects live in the same isolate.
 *
 * @param {number} port Of workerd's inspector.
 */
export async function liveBytes(port) {
  const targets = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const worker = targets.find(({ id }) => id.startsWith("core:user:"));
  return liveBytesOf(worker.webSocketDebuggerUrl);
}

async function liveBytesOf(url) {
  const socket = new WebSocket(url);
  const answers = new Map();
  socket.onmessage = ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    answers.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
  };
  const call = (method) =>
    new Promise((resolve, reject) => {
      const id = answers.size + 1;
      answers.set(id, resolve);
      setTimeout(() => reject(new Error(`${method} is not answered`)), PATIENCE_MS).unref();
      socket.send(JSON.stringify({ id, method }));
    });
  await new Promise((resolve, reject) => Object.assign(socket, { onopen: resolve, onerror: () => reject(new Error(`nobody at ${url}`)) }));
  try {
    await call("HeapProfiler.enable");
    // What the first sets free may hold more.
    await call("HeapProfiler.collectGarbage");
    await call("HeapProfiler.collectGarbage");
    const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await call("Runtime.getHeapUsage");
    return usedSize + embedderHeapUsedSize + backingStorageSize;
  } finally {
    socket.close();
  }
}
