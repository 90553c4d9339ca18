/** Checks of arguments: each error names the argument and what is accepted, and shows no value. */

/** An `Error` with a machine-readable `code`. */
export function failure(code, message, cause) {
  return Object.assign(new Error(message, cause === undefined ? undefined : { cause }), { code });
}

/**
 * An error about what others have sent. It has no stack, which would cost more than all the rest: where it was found says
 * nothing that its code does not, and a forgery must be cheap to refuse.
 */
export function refusal({ code, message }) {
  const { stackTraceLimit } = Error;
  // Where it cannot be written, there is a stack.
  Reflect.set(Error, "stackTraceLimit", 0);
  const error = new Error(message);
  Reflect.set(Error, "stackTraceLimit", stackTraceLimit);
  error.code = code;
  return error;
}

/** An error about an argument. */
export function invalid(message) {
  return failure("invalid_argument", message);
}

/**
 * Makes sure that `value` is an object that has no other properties than `known`.
 *
 * @param {string} name What errors call the argument.
 * @param {unknown} value
 * @param {string[]} known
 * @returns {Record<string, unknown>}
 */
export function options(name, value, known) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw invalid(`\`${name}\` must be an object with ${known.join(", ")}`);
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) {
      const near = nearest(key, known);
      const hint = near === undefined ? `accepted are ${known.join(", ")}` : `did you mean \`${near}\`?`;
      throw invalid(`\`${name}\` has no \`${excerpt(key)}\`; ${hint}`);
    }
  }
  return value;
}

/** A text that can be put into a header. `undefined` passes where `optional`. */
export function text(name, value, { optional = false, max = 16_384 } = {}) {
  if (value === undefined && optional) return undefined;
  if (typeof value !== "string" || value === "" || value.length > max) {
    throw invalid(`\`${name}\` must be a text of 1 to ${max} characters`);
  }
  return value;
}

/** A text without blanks, control characters or anything that is not ASCII: tokens and keys. */
export function secret(name, value) {
  text(name, value);
  if (!/^[!-~]+$/.test(value)) throw invalid(`\`${name}\` must be the text that the Upstash console shows, without blanks`);
  return value;
}

/** The official clients start and trust a development server where this is true; here its address and keys are said. */
export function noDevMode(value) {
  if (value !== undefined && value !== false) {
    throw invalid("`devMode` must be false or left out; give the address, token and keys of a development server instead");
  }
}

/** A finite number from `min` to `max`. */
export function number(name, value, { min = 0, max, whole = false, fallback }) {
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value !== "number" || !(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
    throw invalid(`\`${name}\` must be a ${whole ? "whole " : ""}number from ${min} to ${max}`);
  }
  return value;
}

/** A function, or `fallback`. */
export function callable(name, value, fallback) {
  if (value === undefined) return fallback;
  if (typeof value !== "function") throw invalid(`\`${name}\` must be a function`);
  return value;
}

/** The bytes of a body: text as UTF-8, bytes as they are. */
export function bytes(name, value) {
  if (typeof value === "string") return new TextEncoder().encode(value);
  if (value instanceof Uint8Array) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  throw invalid(`\`${name}\` must be a string, a Uint8Array or an ArrayBuffer`);
}

/** Whole epoch milliseconds out of a `Date` or a number; the present where it is left out. */
export function instant(name, value) {
  if (value === undefined) return Date.now();
  const millis = value instanceof Date ? value.getTime() : value;
  if (typeof millis !== "number" || !(millis >= 0 && millis <= 8.64e15)) {
    throw invalid(`\`${name}\` must be a Date or epoch milliseconds`);
  }
  return Math.trunc(millis);
}

/**
 * Headers as the core reads them: names and values with NUL between them, out of `Headers`, a plain object, or nothing.
 *
 * @returns {string}
 */
export function headersText(name, value) {
  if (value === undefined) return "";
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalid(`\`${name}\` must be Headers or an object of texts`);
  const entries = typeof value.get === "function" ? [...value] : Object.entries(value);
  const texts = entries.map(([header, given]) => [header, Array.isArray(given) ? given.join(", ") : given]);
  return joined(`\`${name}\``, texts.filter(([, given]) => typeof given === "string").flat());
}

/** Texts as one, with NUL between them, as the core reads them; `what` is what they are called. */
export function joined(what, texts) {
  if (texts.some((one) => String(one).includes("\0"))) throw invalid(`${what} must have no NUL`);
  return texts.join("\0");
}

/** The known name that `name` begins, or that is at most a third of its letters away. */
function nearest(name, known) {
  const lower = name.toLowerCase();
  const ranked = known.map((other) => [near(lower, other.toLowerCase()), other]);
  ranked.sort(([a], [b]) => a - b);
  const [best] = ranked;
  return best !== undefined && best[0] <= Math.max(2, Math.floor(best[1].length / 3)) ? best[1] : undefined;
}

function near(name, other) {
  return name.length >= 3 && other.startsWith(name.slice(0, -1)) ? 1 : distance(name, other);
}

/** Edits that turn one text into the other. */
function distance(a, b) {
  if (a.length > 64) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next[j] = Math.min(next[j - 1] + 1, row[j] + 1, row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length];
}

function excerpt(key) {
  return key.length > 40 ? `${key.slice(0, 40)}…` : key;
}
