/** The DLQ API, in the call shapes of the official SDK. */
import { callable, failure, invalid, number, options, secret, text } from "./check.mjs";
import { instance, withCore } from "./instance.mjs";
import { overridesText, renamed } from "./overrides.mjs";
import { send } from "./transport.mjs";

const OVERRIDES = ["retries", "delay", "retryDelay", "flowControl", "label", "failureUrl", "signal"];

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

  async get(dlqId, options) {
    const { body } = await this.#account.call("get", [id(dlqId)], callOptions(options, ["signal"]));
    return json(body);
  }

  async resume(request, options) {
    return this.#revive("resume", request, options);
  }

  async restart(request, options) {
    return this.#revive("restart", request, options);
  }

  async delete(dlqId, options) {
    await this.#account.call("delete", [id(dlqId)], callOptions(options, ["signal"]));
    return { deleted: 1, cursor: undefined };
  }

  /** `(dlqId, options)` answers as for many, without a next page; the SDK's older `({ dlqId, ...options })` with the run itself. */
  async #revive(operation, request, given) {
    if (typeof request === "string") {
      return { workflowRuns: [await this.#start(operation, request, callOptions(given, OVERRIDES))], cursor: undefined };
    }
    const { dlqId, ...rest } = options("request", request, ["dlqId", ...OVERRIDES]);
    if (given !== undefined) throw invalid("`options` must be left out where the first argument is an object");
    return this.#start(operation, dlqId, rest);
  }

  async #start(operation, dlqId, given) {
    const { meaning } = await this.#account.call(operation, [id(dlqId), overridesText(given)], given);
    return meaning;
  }
}

/** An account: the token, the address, and how to get there. */
class Account {
  #token;
  #baseUrl;
  #shell;
  #holder;

  constructor(config) {
    const given = options("config", config, ["token", "baseUrl", "fetch", "timeout"]);
    this.#token = secret("token", given.token);
    this.#baseUrl = text("baseUrl", given.baseUrl, { optional: true });
    this.#shell = {
      fetch: callable("fetch", given.fetch, (...call) => globalThis.fetch(...call)),
      timeout: number("timeout", given.timeout, { min: 1, max: 300_000, whole: true, fallback: 10_000 }),
    };
    if (this.#baseUrl !== undefined && !/^https?:\/\//i.test(this.#baseUrl)) {
      throw invalid("`baseUrl` must be an absolute https URL, or http on this machine");
    }
  }

  /** Makes one call. `arguments_` are those of the core's function. */
  async call(operation, arguments_, { signal }) {
    const call = this.#prepare(operation, arguments_);
    const answer = await send(withCore(() => call.request), { ...this.#shell, signal });
    const meaning = withCore(() =>
      "status" in answer
        ? call.finish(answer.status, answer.body, (name) => answer.headers.get(name) ?? undefined, Date.now())
        : call.fail(answer.kind, answer.detail, answer.limit),
    );
    withCore(() => call.free());
    return { meaning, body: answer.body };
  }

  #prepare(operation, arguments_) {
    try {
      return withCore(() => this.#api()[operation](...arguments_));
    } catch (error) {
      throw error.code === "invalid_argument" ? renamed(error) : error;
    }
  }

  /** The account in the present instance. */
  #api() {
    const core = instance();
    if (this.#holder?.core !== core) this.#holder = { core, api: new core.Api(this.#token, this.#baseUrl) };
    return this.#holder.api;
  }
}

function id(dlqId) {
  return text("dlqId", dlqId, { max: 512 });
}

function callOptions(given, known) {
  const checked = options("options", given ?? {}, known);
  if (checked.signal !== undefined && typeof checked.signal?.addEventListener !== "function") {
    throw invalid("`signal` must be an AbortSignal");
  }
  return checked;
}

function json(body) {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch (error) {
    throw failure("malformed", "QStash's answer is no JSON", error);
  }
}
