/** Sends what the core asks for, and reads answers up to a size. */

/** The most bytes of an answer that are read. Pages of the queue carry the payloads of their entries. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * Sends a request and brings its answer, or why there is none, to `call`: an object of the core with `finish` or
 * `answer` for the one and `fail` for the other. Redirects are answers, never followed: they must not get the token.
 *
 * @param {{ method: string, url: string, headers: [string, string][] }} request
 * @param {{ fetch: typeof fetch, timeout: number, signal?: AbortSignal }} shell `timeout` in milliseconds
 * @returns {Promise<{ status: number, headers: Headers, body: Uint8Array } | { kind: string, detail: string, limit: number }>}
 */
export async function send(request, { fetch, timeout, signal }) {
  const controller = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    controller.abort();
  }, timeout);
  const abort = () => controller.abort(signal.reason);
  signal?.addEventListener("abort", abort, { once: true });
  if (signal?.aborted) abort();
  try {
    const { method, headers } = request;
    const response = await fetch(request.url, { method, headers, redirect: "manual", signal: controller.signal });
    const body = await readAll(response.body, MAX_ANSWER_BYTES);
    if (body === undefined) return { kind: "too_large", detail: "", limit: MAX_ANSWER_BYTES };
    return { status: response.status, headers: response.headers, body };
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    return { kind: timedOut ? "timeout" : "interrupted", detail: words(error), limit: timeout };
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}

/** All of a stream; `undefined` where it has more than `limit` bytes. */
async function readAll(stream, limit) {
  const chunks = [];
  const length = await readChunks(stream, limit, (chunk) => chunks.push(chunk));
  if (length === undefined) return undefined;
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/**
 * Reads a stream chunk by chunk. Returns its length, or `undefined` as soon as it has more than `limit` bytes.
 *
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} limit
 * @param {(chunk: Uint8Array) => void} take
 */
export async function readChunks(stream, limit, take) {
  if (stream === null) return 0;
  const reader = stream.getReader();
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return length;
    length += value.length;
    if (length > limit) {
      // Nobody waits for it, and nobody cares how it ends.
      reader.cancel().catch(() => {});
      return undefined;
    }
    take(value);
  }
}

/** What the runtime says about a failure. */
function words(error) {
  return String(error?.cause?.message ?? error?.message ?? "no reason given");
}
