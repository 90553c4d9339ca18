/** Does what the core asks for: sends requests, reads answers up to a size, and lets time pass. */
import { failure, headersText } from "./check.mjs";
import { told, withCore } from "./instance.mjs";
import { claim, record } from "./ledger.mjs";

/** The most bytes of an answer that are read. Pages of the queue carry the payloads of their entries. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/** The body of what has none. */
export const NOTHING = new Uint8Array();

/**
 * Does what a piece of work of the core asks for, until it is done; returns what it came to, or throws what it failed
 * with. `bringBody` brings the body of a callback, where there is one. Who began with the work frees it.
 *
 * @param {object} work A `Work` of the core.
 * @param {{ fetch: typeof fetch, signal?: AbortSignal, ledger?: object, lane?: number, step?: object, check?: () => void,
 *   turn?: () => void }} shell Of a job: the lane, what it asks for first, what throws if the job is no more, and what is
 *   called whenever the lane has got further.
 * @param {(limit: number, keep?: number) => Promise<Uint8Array | undefined>} [bringBody] It returns the body where it is
 *   to be kept and has no more bytes than `keep`.
 */
export async function perform(work, shell, bringBody) {
  let { step = next(work) } = shell;
  let answer;
  let kept;
  for (;;) {
    if (step.ended) return step.verbatim ? json(answer.body) : step.done;
    if (step.body !== undefined) kept = await bringBody(step.body, step.keep);
    else if (step.wait !== undefined) await pause(step.wait, shell.signal);
    else {
      answer = await obtain(step, kept, shell);
      shell.check?.();
      const { status, body, headers, kind, detail, limit } = answer;
      const what = kind === undefined ? `answer\0${status}\0${headersText("headers", headers)}` : `${kind}\0${limit}\0${detail}`;
      withCore(() => work.bring(what, body ?? NOTHING));
    }
    step = next(work, shell.lane);
    shell.turn?.();
  }
}

/** What a piece of work asks for next. */
export function next(work, lane = 0) {
  return told(withCore(() => work.step(lane)));
}

/** The answer to what a step asks of others: the ledger, the service, a failure function. */
function obtain(step, kept, shell) {
  if (step.claim !== undefined) return claim(shell.ledger, step.claim);
  if (step.record !== undefined) return record(shell.ledger, step.record, step.result);
  return send(step.request ?? { ...step.relay, body: kept }, { ...shell, timeout: step.timeout });
}

/** An answer that the core has found good, as the service sent it. */
function json(body) {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    const known = { isTransient: false, mayHaveBeenProcessed: true };
    throw Object.assign(failure("malformed", "the answer is not one of QStash: no JSON", error), known);
  }
}

/** Lets time pass, unless the signal says to give up. */
function pause(millis, signal) {
  return new Promise((resolve, reject) => {
    const give = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", give);
      resolve();
    }, millis);
    if (signal?.aborted) give();
    else signal?.addEventListener("abort", give, { once: true });
  });
}

/**
 * Sends a request and reads its answer, or says why there is none. Redirects are answers, never followed: they must not
 * get the token.
 *
 * @param {{ method: string, url: string, headers: Record<string, string>, body?: Uint8Array }} request
 * @param {{ fetch: typeof fetch, timeout: number, signal?: AbortSignal }} shell
 * @returns {Promise<{ status: number, headers: Headers, body: Uint8Array } | { kind: string, detail: string, limit: number }>}
 */
async function send(request, { fetch, timeout, signal }) {
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
    const { method, headers, body: sent } = request;
    const response = await fetch(request.url, { method, headers, body: sent, redirect: "manual", signal: controller.signal });
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
  return length === undefined ? undefined : joined(chunks, length);
}

/** Chunks as one piece. */
export function joined(chunks, length) {
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
