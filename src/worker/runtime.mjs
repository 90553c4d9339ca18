/**
 * What the Worker does with the objects of the runtime.
 *
 * A crossing between JavaScript and WebAssembly costs little, but a crossing for each header, promise and property costs
 * more than all that the WebAssembly does. So each function here does in one go what belongs together, and what has to
 * be waited for is waited for here. Nothing is decided here: what to do next is the WebAssembly's to say.
 *
 * Several texts cross as one, with NUL between them, which none of them can hold.
 */

/** Headers of a callback that are read. */
const OF_CALLBACKS = [
  "Upstash-Signature",
  "Upstash-Workflow-RunId",
  "Upstash-Workflow-Url",
  "Upstash-Message-Id",
  "Upstash-Label",
  "Upstash-Retried",
  "Upstash-Region",
];
/** Headers of an answer that are read. */
const OF_ANSWERS = [
  "content-type",
  "retry-after",
  "burst-ratelimit-limit",
  "burst-ratelimit-remaining",
  "burst-ratelimit-reset",
  "ratelimit-limit",
  "ratelimit-remaining",
  "ratelimit-reset",
];

/** The most bytes of an answer that are read. Pages of the queue carry the payloads of their entries. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;
/** Up to this size a body is taken in one piece, which is faster; above, chunk by chunk, so that memory stays flat. */
const ONE_PIECE_BYTES = 1024 * 1024;
/** Pieces of a body, as they go into the WebAssembly: they stay in the processor's caches, and its memory stays small. */
const CHUNK_BYTES = 128 * 1024;
/** Up to this size the WebAssembly's own SHA-256 is faster than the way to the native one. */
const OWN_DIGEST_BYTES = 512;

const { subtle } = crypto;

/** The headers of most replies. */
const JSON_ALONE = new Headers({ "Content-Type": "application/json" });

/** What a delivery asks for; any other number is the status of its reply. */
const BODY = 0;
const CALL = 1;
const WAIT = 2;

/**
 * What is read of a request before its body; nothing stands for a header that is missing. `arrived.rs` knows the order.
 * Without the first of them, the signature, nobody asks for the rest.
 */
export function arrival(request) {
  const { headers } = request;
  let texts = `${request.method}\0${request.url}`;
  for (const name of OF_CALLBACKS) {
    const value = headers.get(name);
    if (value === null && name === OF_CALLBACKS[0]) break;
    // A blank tells an empty header from none; the runtime leaves no other at the ends of a value.
    texts += value === "" ? "\0 " : `\0${value ?? ""}`;
  }
  return texts;
}

/** All headers of a request or an answer. */
export function allHeaders({ headers }) {
  return [...headers].flat().join("\0");
}

/** Takes a delivery's steps, until there is a response; there is one at once where the token is found to be no good. */
export function deliver(delivery, request) {
  const step = delivery.step();
  return step <= WAIT ? goOn(delivery, request, step) : reply(delivery, step);
}

async function goOn(delivery, request, step) {
  let body;
  while (step <= WAIT) {
    if (step === BODY) body = await bring(delivery, request);
    else if (step === CALL) await call(delivery, body);
    else await delivery.wait();
    step = delivery.step();
  }
  return reply(delivery, step);
}

function reply(delivery, status) {
  const response = respond(status, status === 200 ? "" : delivery.headers(), delivery.body());
  // Not where something was thrown: then its instance may have ended, and its memory with it.
  delivery.free();
  return response;
}

/** A response; `headers` are names and values. */
export function respond(status, headers, body) {
  const all = headers === "" ? JSON_ALONE : headersOf(headers.split("\0"));
  // Bytes are a view of the WebAssembly's memory, where others will stand in a moment.
  return new Response(typeof body === "string" ? body : body?.slice(), { status, headers: all });
}

/**
 * Sends a request and reads its answer. Redirects are answers, never followed: the token is for the configured host.
 *
 * @param {string} texts Method, URL, names and values of headers.
 * @param {string | Uint8Array | undefined} body
 * @param {number} timeout In milliseconds, for the whole exchange.
 * @returns {Promise<{ response?: Response, status: number, body: Uint8Array | string }>} Without an answer the status is
 *   0, or 1 where it took too long, or 2 where it is too large; the body says in words what happened.
 */
export async function exchange(texts, body, timeout) {
  const [method, url, ...headers] = texts.split("\0");
  const signal = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, { method, headers: headersOf(headers), body, redirect: "manual", signal });
    const bytes = await read(response);
    return bytes ? { response, status: response.status, body: bytes } : { status: 2, body: String(MAX_ANSWER_BYTES) };
  } catch (error) {
    return { status: signal.aborted ? 1 : 0, body: words(error) };
  }
}

/** The headers that are read of an answer. */
export function answerHeaders({ headers }) {
  return OF_ANSWERS.flatMap((name) => (headers.has(name) ? [name, headers.get(name)] : [])).join("\0");
}

/** What the runtime says about a failure. */
export function words(error) {
  return error instanceof Error ? error.message : "no reason given";
}

function headersOf(texts) {
  const headers = {};
  for (let at = 0; at + 1 < texts.length; at += 2) headers[texts[at]] = texts[at + 1];
  return headers;
}

async function call(delivery, body) {
  const answer = await exchange(delivery.call(), delivery.takesBody() ? body : undefined, delivery.timeout());
  if (!answer.response) delivery.failed(answer.status, answer.body);
  // What the headers say matters where something is wrong.
  else delivery.answered(answer.status, answer.body, answer.response.ok ? "" : answerHeaders(answer.response));
}

/** The whole body of an answer; `undefined` where it is too large. */
async function read(response) {
  const length = lengthOf(response);
  if (length > MAX_ANSWER_BYTES) return undefined;
  if (length !== undefined) return new Uint8Array(await response.arrayBuffer());
  if (response.body === null) return new Uint8Array();
  const chunks = [];
  let total = 0;
  for await (const chunk of response.body) {
    total += chunk.length;
    if (total > MAX_ANSWER_BYTES) return undefined;
    chunks.push(chunk);
  }
  return joined(chunks, total);
}

/**
 * Brings the body of a callback: hashed by the runtime, read by the WebAssembly. Returns it where it may have to be
 * handed on; it is kept here, because the memory of the WebAssembly would never shrink again.
 */
async function bring(delivery, request) {
  const limit = delivery.limit();
  const length = lengthOf(request);
  if (length > limit) return delivery.tooLarge();
  return length <= ONE_PIECE_BYTES ? inOnePiece(delivery, request) : inChunks(delivery, request.body, limit);
}

async function inOnePiece(delivery, request) {
  let buffer;
  let digest;
  try {
    buffer = await request.arrayBuffer();
    if (buffer.byteLength > OWN_DIGEST_BYTES) digest = await subtle.digest("SHA-256", buffer);
  } catch {
    return delivery.lost();
  }
  const body = new Uint8Array(buffer);
  if (body.length <= CHUNK_BYTES) delivery.push(body);
  else for (let at = 0; at < body.length; at += CHUNK_BYTES) delivery.push(body.subarray(at, at + CHUNK_BYTES));
  if (digest) delivery.whole(new Uint8Array(digest));
  else delivery.hashed(body);
  return body.length <= delivery.keeps() ? body : undefined;
}

async function inChunks(delivery, stream, limit) {
  const keeps = delivery.keeps();
  const kept = [];
  let total = 0;
  if (stream !== null) {
    const hash = new crypto.DigestStream("SHA-256");
    const writer = hash.getWriter();
    const chunks = chunksOf(stream);
    for (;;) {
      const chunk = await chunks.next().catch(() => null);
      if (chunk === null) return abandon(writer, () => delivery.lost());
      if (chunk === undefined) break;
      total += chunk.length;
      if (total > limit) {
        chunks.cancel();
        return abandon(writer, () => delivery.tooLarge());
      }
      const hashed = writer.write(chunk);
      delivery.push(chunk);
      if (total <= keeps) kept.push(chunk.slice());
      else kept.length = 0;
      // The buffer of the chunk is used again for the next one.
      await hashed;
    }
    await writer.close();
    delivery.whole(new Uint8Array(await hash.digest));
  } else delivery.hashed(new Uint8Array());
  return total <= keeps ? joined(kept, total) : undefined;
}

/** Drops a hash that nobody needs any more; nobody cares how that ends. */
function abandon(writer, then) {
  writer.abort().catch(() => {});
  then();
}

/** The chunks of a stream, each good until the next is asked for; `undefined` at the end. */
function chunksOf(stream) {
  let reader;
  let buffer = new ArrayBuffer(CHUNK_BYTES);
  try {
    reader = stream.getReader({ mode: "byob" });
  } catch {
    // A stream that is not made of bytes, such as JavaScript code makes.
    reader = stream.getReader();
    buffer = undefined;
  }
  return {
    next: async () => {
      // Into one buffer, which goes to the stream and comes back.
      const { done, value } = await reader.read(buffer && new Uint8Array(buffer));
      if (buffer && value) buffer = value.buffer;
      return done ? undefined : value;
    },
    cancel: () => void reader.cancel().catch(() => {}),
  };
}

function joined(chunks, length) {
  const all = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** What a request or an answer says about the length of its body. */
function lengthOf({ headers }) {
  const length = headers.get("content-length");
  return length === null ? undefined : Number(length);
}
