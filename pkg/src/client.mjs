/** The DLQ API, in the call shapes of the official SDK, and more. */
import { callable, failure, invalid, joined, noDevMode, number, options, secret, text } from "./check.mjs";
import { fromEnvironment, variable } from "./environment.mjs";
import { filterText, listFilter } from "./filter.mjs";
import { instance, sound, withCore, withErrors } from "./instance.mjs";
import { overridesText, renamed } from "./overrides.mjs";
import { lanes } from "./lanes.mjs";
import { next, perform } from "./transport.mjs";

const OVERRIDES = ["retries", "delay", "retryDelay", "flowControl", "label", "failureUrl", "signal"];
const RETRY = { attempts: 5, maxElapsed: 60_000 };
const MAX_MILLIS = 3_600_000;
/** How many calls a job makes at once unless told otherwise. */
const LANES = 24;

export class Client {
  /** Entries of the dead letter queue. */
  dlq;

  constructor(config) {
    this.dlq = new Dlq(new Account(config));
  }
}

class Dlq {
  #account;

  constructor(account) {
    this.#account = account;
  }

  async list(parameters) {
    const { cursor, count, filter, signal } = callOptions("parameters", parameters, ["cursor", "count", "filter", "signal"]);
    const given = { which: listFilter(filter), count: countOf(count), cursor: cursorOf(cursor) };
    const page = await this.#account.call("list", given, signal);
    return { ...page, messages: page.messages ?? [], cursor: page.cursor || undefined };
  }

  async get(dlqId, options) {
    const { signal } = callOptions("options", options, ["signal"]);
    return this.#account.call("get", { which: id(dlqId) }, signal);
  }

  async resume(request, options) {
    return this.#revive("resume", request, options);
  }

  async restart(request, options) {
    return this.#revive("restart", request, options);
  }

  async delete(request, options) {
    const which = selection(request);
    const { signal } = callOptions("options", options, ["signal"]);
    if (which.dlqIds === undefined) return this.#page("delete", which, undefined, signal);
    if (which.dlqIds.length === 0) return { deleted: 0 };
    const { counted, settled } = await this.#act("delete", which.dlqIds, undefined, signal);
    return { deleted: counted + settled.length, cursor: undefined };
  }

  async retryFailureFunction(request) {
    const { dlqId, signal } = callOptions("request", request, ["dlqId", "signal"]);
    return this.#account.call("retryCallback", { which: id(dlqId) }, signal);
  }

  async cancelFailureFunction(request) {
    const { dlqId, signal } = callOptions("request", request, ["dlqId", "signal"]);
    await this.#account.call("cancelCallback", { which: id(dlqId) }, signal);
  }

  listAll(parameters) {
    const checked = callOptions("parameters", parameters, ["filter", "signal"]);
    listFilter(checked.filter);
    return this.#pages(checked);
  }

  resumeAll(scope, options) {
    return this.#job("resume", scope, options);
  }

  restartAll(scope, options) {
    return this.#job("restart", scope, options);
  }

  deleteAll(scope, options) {
    return this.#job("delete", scope, options);
  }

  /** `(which, options)` answers with a list; the SDK's older `({ dlqId, ...options })` with what `dlqId` stands for. */
  async #revive(operation, request, given) {
    if (request !== null && typeof request === "object" && "dlqId" in request) {
      const { dlqId, signal, ...rest } = callOptions("request", request, ["dlqId", ...OVERRIDES]);
      if (given !== undefined) throw invalid("`options` must be left out where the first argument has a `dlqId`");
      const { workflowRuns } = await this.#act(operation, idList("dlqId", dlqId), overridesText(rest), signal);
      if (Array.isArray(dlqId)) return workflowRuns;
      if (workflowRuns.length === 0) throw failure("run_unknown", "it was done, but the answer that names the new run was lost");
      return workflowRuns[0];
    }
    const which = selection(request);
    const { signal, ...rest } = callOptions("options", given, OVERRIDES);
    const overrides = overridesText(rest);
    if (which.dlqIds === undefined) return this.#page(operation, which, overrides, signal);
    if (which.dlqIds.length === 0) return { workflowRuns: [] };
    const { workflowRuns } = await this.#act(operation, which.dlqIds, overrides, signal);
    return { workflowRuns, cursor: undefined };
  }

  /** Acts on one page of what a filter selects, or of everything, in one call of the service. */
  async #page(action, { filter, count, cursor }, overrides, signal) {
    const page = await this.#account.call("page", { action, which: filter, overrides, count, cursor }, signal);
    // Go writes an empty list as `null`; times are numbers by one document and texts by another.
    const runs = "workflowRuns" in page ? { workflowRuns: (page.workflowRuns ?? []).map(timed) } : {};
    return { ...page, ...runs, cursor: page.cursor || undefined };
  }

  /** Acts on certain entries. What was not done to all of them is an error that says to which it was. */
  async #act(action, dlqIds, overrides, signal) {
    const acted = withErrors(await this.#account.call("act", { action, which: joined("a DLQ id", dlqIds), overrides }, signal));
    const left = ["gone", "refused", "ambiguous", "untouched"].filter((list) => acted[list].length > 0);
    if (left.length === 0) return acted;
    const cause = acted.stopped ?? acted.refused[0]?.error;
    const isAmbiguous = acted.ambiguous.length > 0;
    const counts = left.map((list) => `${acted[list].length} ${list}`).join(", ");
    const code = isAmbiguous ? "ambiguous" : (cause?.code ?? "not_found");
    const message = `not done to all entries: ${counts}${cause === undefined ? "" : `; ${cause.message}`}`;
    const known = cause ?? { isTransient: false, status: isAmbiguous ? undefined : 404 };
    throw Object.assign(failure(code, message, cause), known, { code, acted, mayHaveBeenProcessed: isAmbiguous });
  }

  async *#pages({ filter, signal }) {
    const seen = new Set();
    let cursor;
    do {
      const page = await this.list({ cursor, filter, signal });
      yield* page.messages;
      cursor = page.cursor;
      if (seen.has(cursor)) throw failure("malformed", "QStash named a cursor twice; accepted are cursors that lead on");
      seen.add(cursor);
    } while (cursor !== undefined);
  }

  /** Acts on everything that a scope selects, a page a turn. Arguments are checked at once, not at the first turn. */
  #job(action, scope, given) {
    const { filter, all } = options("scope", scope, ["filter", "all"]);
    if ((filter === undefined) === (all === undefined) || (all !== undefined && all !== true)) {
      throw invalid("`scope` must be `{ filter }` with at least one criterion, or `{ all: true }`");
    }
    const known = action === "delete" ? ["signal"] : OVERRIDES;
    const { limit, concurrency, signal, ...rest } = callOptions("options", given, ["limit", "concurrency", ...known]);
    const count = number("concurrency", concurrency, { min: 1, max: 100, whole: true, fallback: LANES });
    const most = number("limit", limit, { min: 1, max: Number.MAX_SAFE_INTEGER, whole: true, fallback: Number.MAX_SAFE_INTEGER });
    const which = filter === undefined ? undefined : filterText(filter);
    return lanes(this.#account.begin("job", { action, which, overrides: overridesText(rest), count: most }), count, signal);
  }
}

/** An account: the token, the address, and how to get there. */
class Account {
  #config;
  #fetch;
  #holder;

  constructor(config) {
    // There is no telemetry that `enableTelemetry` could switch off.
    const given = options("config", config ?? {}, ["token", "baseUrl", "fetch", "timeout", "retry", "devMode", "enableTelemetry"]);
    noDevMode(given.devMode);
    const [url, token] = fromEnvironment(["QSTASH_URL", "QSTASH_TOKEN"], variable("QSTASH_REGION"));
    const baseUrl = text("baseUrl", given.baseUrl === undefined ? url : given.baseUrl, { optional: true });
    if (baseUrl !== undefined && !/^https?:\/\//i.test(baseUrl)) {
      throw invalid("`baseUrl` must be an absolute https URL, or http on this machine");
    }
    const timeout = number("timeout", given.timeout, { min: 1, max: MAX_MILLIS, whole: true, fallback: 10_000 });
    const retry = given.retry === false ? { attempts: 1 } : options("retry", given.retry ?? {}, ["attempts", "maxElapsed", "retries"]);
    const repeats = number("retry.retries", retry.retries, { max: 99, whole: true, fallback: RETRY.attempts - 1 });
    const attempts = number("retry.attempts", retry.attempts, { min: 1, max: 100, whole: true, fallback: repeats + 1 });
    const elapsed = number("retry.maxElapsed", retry.maxElapsed, { max: MAX_MILLIS, whole: true, fallback: RETRY.maxElapsed });
    if (given.token === undefined && token === undefined) throw invalid("`token` must be given, or set in the environment as QSTASH_TOKEN");
    const secretToken = secret("token", given.token === undefined ? token : given.token);
    this.#config = joined("`baseUrl`", ["account", secretToken, baseUrl ?? "", timeout, attempts, elapsed]);
    this.#fetch = callable("fetch", given.fetch, (...call) => globalThis.fetch(...call));
  }

  /** Makes one call. */
  async call(operation, given, signal) {
    const work = this.begin(operation, given);
    try {
      return await work.perform({ signal });
    } finally {
      work.free();
    }
  }

  /** Something in the works; see `Account::begin` of the core. */
  begin(operation, { action = "", which = "", overrides = "{}", count = 1, cursor = "" }) {
    try {
      return withCore((core) => {
        if (this.#holder?.core !== core) this.#holder = { core, account: sound(new core.Work(this.#config)) };
        const how = joined("an option", [operation, action, overrides, count, cursor]);
        const work = sound(this.#holder.account.begin(`${how}\0${which}`));
        const isAlive = () => core === instance();
        const check = () => {
          if (!isAlive()) throw failure("internal", "the core was started anew, and does not know how far this was");
        };
        return {
          next: (lane) => (check(), next(work, lane)),
          perform: (shell) => perform(work, { fetch: this.#fetch, check, ...shell }),
          free: () => isAlive() && withCore(() => work.free()),
        };
      });
    } catch (error) {
      throw error.code === "invalid_argument" ? renamed(error) : error;
    }
  }
}

function timed(run) {
  const time = run.workflowCreatedAt;
  return typeof time === "string" ? { ...run, workflowCreatedAt: Number(time) || Date.parse(time) } : run;
}

function id(dlqId) {
  return text("dlqId", dlqId, { max: 512 });
}

function idList(name, given) {
  const list = Array.isArray(given) ? given : [given];
  if (list.length === 0) {
    throw invalid(`\`${name}\` must be one id or a list of at least one; who means every entry says \`{ all: true }\``);
  }
  // Not `map`, which passes over what is missing.
  return Array.from(list, id);
}

/** What `"1-0"`, `["1-0"]`, `{ dlqIds }`, `{ filter, count, cursor }` or `{ all: true, count, cursor }` selects. */
function selection(request) {
  if (typeof request === "string") return { dlqIds: [id(request)] };
  if (Array.isArray(request)) return { dlqIds: Array.from(request, id) };
  const given = options("request", request, ["dlqIds", "filter", "all", "count", "cursor"]);
  const { dlqIds, filter, all, count, cursor } = given;
  if ([dlqIds, filter, all].filter((way) => way !== undefined).length !== 1 || (all !== undefined && all !== true)) {
    throw invalid("`request` must be a DLQ id, a list of these, or an object with one of `dlqIds`, `filter` and `all: true`");
  }
  if (dlqIds === undefined) {
    return { filter: filter === undefined ? undefined : filterText(filter), count: countOf(count), cursor: cursorOf(cursor) };
  }
  if (count !== undefined || cursor !== undefined) throw invalid("`request` must have no `count` and `cursor` beside `dlqIds`");
  return { dlqIds: idList("dlqIds", dlqIds) };
}

function countOf(count) {
  return number("count", count, { min: 1, max: 100, whole: true, fallback: 100 });
}

/** A cursor of the service; an empty one is none. */
function cursorOf(cursor) {
  return cursor === "" ? undefined : text("cursor", cursor, { optional: true, max: 4096 });
}

function callOptions(name, given, known) {
  const checked = options(name, given ?? {}, known);
  if (checked.signal !== undefined && typeof checked.signal?.addEventListener !== "function") {
    throw invalid("`signal` must be an AbortSignal");
  }
  return checked;
}
