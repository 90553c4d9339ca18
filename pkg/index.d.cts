import type {
  Acted,
  ApiError,
  ApiErrorCode,
  CallbackErrorCode,
  CallbackResult,
  CreatedRun,
  Decision,
  DlqEntry,
  DlqFilter,
  Failure,
  LogLine,
  OneOrMany,
  Policy,
  SignatureErrorCode,
  Totals,
} from "./types.d.cts";

export type * from "./types.d.cts";

/** What an error of this package is about. */
export type ErrorCode =
  /** An argument is wrong; the message names it and says what is accepted. */
  | "invalid_argument"
  | "invalid_policy"
  | "invalid_time"
  | "invalid_url"
  /** The callback's URL carries a lineage (`?redrive=…`) that cannot be read. */
  | "malformed_lineage"
  /** Neither the arguments nor the environment have signing keys. */
  | "missing_signing_keys"
  /** `await init()` is missing. */
  | "not_initialized"
  /** The core failed and was started anew. */
  | "internal"
  | SignatureErrorCode
  | CallbackErrorCode
  | ApiErrorCode;

/** Every error that this package throws, besides the reason of an aborted signal. */
export interface RedriveError extends Error {
  code: ErrorCode;
}

/** Where the WebAssembly comes from: the module, its bytes, a response, or a URL of `workflow-redrive/wasm`. */
export type WasmSource = WebAssembly.Module | BufferSource | Response | URL | string | { default: WebAssembly.Module };

/**
 * Makes the WebAssembly ready. Browsers, edge runtimes and bundlers need it once, before anything else is called; in
 * Node.js, Deno, Bun and Cloudflare Workers it is ready without. Any number of calls load once.
 *
 * @param source Default: the file that the package brings, fetched from beside it.
 */
export function init(source?: WasmSource | Promise<WasmSource>): Promise<void>;

/** Signing keys as the Upstash console shows them. */
export interface ReceiverConfig {
  /** Default: QSTASH_CURRENT_SIGNING_KEY of the environment, or its regional form. */
  currentSigningKey?: string;
  /** Default: QSTASH_NEXT_SIGNING_KEY of the environment, or its regional form. */
  nextSigningKey?: string;
  /** There is no development mode: give the keys of a development server. */
  devMode?: false;
}

/** A request to verify. */
export interface VerifyRequest {
  /** The `Upstash-Signature` header. */
  signature: string;
  /** The raw body. Bytes are hashed as they are; text as UTF-8. */
  body: string | Uint8Array | ArrayBuffer;
  /** The URL that QStash was told to call, query included. Without it a token for another endpoint passes. */
  url?: string;
  /** How far the clocks may stand apart, in seconds. Default: 0. */
  clockTolerance?: number;
  /** The `Upstash-Region` header: picks regional keys of the environment, where QSTASH_REGION is set or no others are. */
  upstashRegion?: string;
}

/** Verifies that requests come from QStash. */
export class Receiver {
  constructor(config?: ReceiverConfig);
  /** Resolves to `true`, or rejects with an error whose code says which check failed; such a one has no stack. */
  verify(request: VerifyRequest): Promise<true>;
}

/** What is known of a callback besides its body. */
export interface CallbackContext {
  /** The request's headers. */
  headers?: Headers | Record<string, string | string[] | undefined>;
  /** When it came. Default: now. */
  now?: Date | number;
}

/** Reads a failure callback. Its signature is not looked at: see {@link Receiver}. */
export function parseFailureCallback(body: string | Uint8Array | ArrayBuffer, context?: CallbackContext): Failure;

/** A failure callback to try a policy on. */
export interface DecideRequest {
  /** The policy, or its JSON. Default: the default policy. */
  policy?: Policy | string;
  /** Where the callback is delivered, with the query that carries the lineage. */
  url: string;
  /** The callback's body. */
  body: string | Uint8Array | ArrayBuffer;
  /** The callback's headers: labels and region may be there. */
  headers?: CallbackContext["headers"];
  /** Default: now. */
  now?: Date | number;
}

/** Tells what a policy would do and why, and does nothing. */
export function decide(request: DecideRequest): Decision;

/** Remembers what came of DLQ entries, so that a callback which is delivered twice acts once. One that throws at a claim makes QStash deliver again. */
export interface Ledger {
  /** Claims an entry, atomically: nothing where it is ours now, "pending" where another delivery is at it, else what was recorded. */
  claim(dlqId: string): Promise<ClaimAnswer> | ClaimAnswer;
  /** Keeps what came of an entry; without a result its claim is free again. */
  record(dlqId: string, result?: CallbackResult): Promise<unknown> | unknown;
}

/** What a ledger says to a claim. */
export type ClaimAnswer = CallbackResult | "pending" | null | undefined;

/** All that a handler is told. */
export interface HandlerSettings {
  /** QSTASH_TOKEN. */
  token: string;
  currentSigningKey: string;
  nextSigningKey: string;
  /** Default: "https://qstash.upstash.io". */
  baseUrl?: string;
  /** The address that QStash calls, where it differs from the one that requests have here. */
  publicUrl?: string;
  /** The policy, or its JSON. Default: the default policy. */
  policy?: Policy | string;
  /** How far the clocks may stand apart, in seconds. Default: 5. */
  clockTolerance?: number;
  /** How long a call of the DLQ API may take, in milliseconds. Default: 10,000. */
  timeout?: number;
  /** Default: 100,000,000. */
  maxBodyBytes?: number;
  /** Default: the runtime's. */
  fetch?: typeof fetch;
  /** Where claims are kept. Default: the memory of this process. */
  ledger?: Ledger;
  /** Gets one line for each callback. Default: JSON to the console. */
  log?: (line: LogLine, isError: boolean) => void;
}

/** The whole callback pipeline as a function, to mount as the `failureUrl` in any framework that knows `Request`. */
export function createHandler(settings: HandlerSettings): (request: Request) => Promise<Response>;

/** How much is tried to make one call succeed. */
export interface RetryConfig {
  /** How often a call is sent at most. Default: 5. */
  attempts?: number;
  /** The same as the official client counts it, without the first. */
  retries?: number;
  /** Milliseconds from the first sending to the last answer, waits included. Default: 60,000. */
  maxElapsed?: number;
}

/** How a client reaches the API. */
export interface ClientConfig {
  /** Default: QSTASH_TOKEN of the environment, or its form for the region that QSTASH_REGION names. */
  token?: string;
  /** Default: QSTASH_URL of the environment, or its regional form; else "https://qstash.upstash.io". */
  baseUrl?: string;
  /** Default: the runtime's. */
  fetch?: typeof fetch;
  /** How long one answer may take, in milliseconds. Default: 10,000. */
  timeout?: number;
  /** What is safe to repeat is repeated, with growing waits, and after the time that a rate limit names. `false`: never. */
  retry?: RetryConfig | false;
  /** There is no development mode: give address and token of a development server. */
  devMode?: false;
  /** There is no telemetry; the option changes nothing. */
  enableTelemetry?: boolean;
}

/** Options of every call. */
export interface CallOptions {
  /** Gives the call up. */
  signal?: AbortSignal;
}

/** Limits of all deliveries with the same key. */
export interface FlowControl {
  key: string;
  parallelism?: number;
  rate?: number;
  /** @deprecated Use `rate`. */
  ratePerSecond?: number;
  /** Seconds, or a duration such as "1m". */
  period?: number | string;
}

/** What the new run does differently. Default of each: as in the original run. */
export interface ReviveOptions extends CallOptions {
  retries?: number;
  /** Seconds, or a duration such as "1m". Default: none. */
  delay?: number | string;
  /** Milliseconds as an expression such as "1000 * pow(2, retried)". */
  retryDelay?: string;
  flowControl?: FlowControl;
  label?: OneOrMany<string>;
  failureUrl?: string;
}

/** A filter of a list, with what older SDKs have. */
export interface DlqListFilter extends DlqFilter {
  /** @deprecated Use `workflowUrl`. */
  url?: string;
  /** @deprecated QStash may ignore it. */
  responseStatus?: number;
}

/** Which entries a job is about: those that a filter selects, or all, said in so many words. */
export type Scope = { filter: DlqFilter; all?: never } | { all: true; filter?: never };

/** Options of a job. Its `signal` lets pages under way come to their end: of each entry it is known what became of it. */
export interface JobOptions extends CallOptions {
  /** The most entries to act on. Default: no limit. */
  limit?: number;
  /**
   * How many calls are made at once, 1 to 100. Default: 24. All wait when QStash says that there are too many, and where it
   * refuses calls again and again fewer are made.
   */
  concurrency?: number;
}

/** What a job did on one page, and everything so far. */
export interface JobStep extends Acted {
  totals: Totals;
}

/** Not everything was done to one or more ids: `acted` says what to which. */
export interface ActError extends ApiError {
  acted: Acted;
}

/** How many entries one call is about, and from where on. */
export interface PageOptions {
  /** 1 to 100. Default: 100. QStash resumes and restarts at most 50 a call. */
  count?: number | undefined;
  /** The cursor of the page before. */
  cursor?: string | undefined;
}

/** Entries to act on, in the shapes of the official SDK: certain ones, or one page of what a filter selects or of all. */
export type DlqSelection =
  | string
  | string[]
  | { dlqIds: OneOrMany<string>; filter?: never; all?: never; count?: never; cursor?: never }
  | (PageOptions & { filter: DlqFilter; dlqIds?: never; all?: never })
  | (PageOptions & { all: true; dlqIds?: never; filter?: never });

/** Entries of the dead letter queue. */
export interface Dlq {
  /** Reads a page. An absent cursor is the end. */
  list(parameters?: { filter?: DlqListFilter } & PageOptions & CallOptions): Promise<{ messages: DlqEntry[]; cursor?: string }>;
  /** Reads every page. */
  listAll(parameters?: { filter?: DlqListFilter } & CallOptions): AsyncGenerator<DlqEntry, void, void>;
  /** Reads an entry. */
  get(dlqId: string, options?: CallOptions): Promise<DlqEntry>;
  /**
   * Goes on with failed runs from their failed step.
   *
   * Ids: with each once. A lost answer is settled by looking; then the new run may be missing from `workflowRuns`. Ids
   * that were not dealt with whole are an {@link ActError}.
   *
   * A filter, or all: with one page, from which `cursor` leads on. A lost answer cannot be settled and is an error with
   * the code `ambiguous`; {@link Dlq.resumeAll} has neither the one nor the other problem.
   */
  resume(request: DlqSelection, options?: ReviveOptions): Promise<{ workflowRuns: CreatedRun[]; cursor?: string }>;
  /** @deprecated Use `resume(dlqId, options)`. */
  resume(request: { dlqId: string } & ReviveOptions): Promise<CreatedRun>;
  /** @deprecated Use `resume(dlqIds, options)`. */
  resume(request: { dlqId: string[] } & ReviveOptions): Promise<CreatedRun[]>;
  /** Runs failed runs again from their first step, each once, as {@link Dlq.resume} does. */
  restart(request: DlqSelection, options?: ReviveOptions): Promise<{ workflowRuns: CreatedRun[]; cursor?: string }>;
  /** @deprecated Use `restart(dlqId, options)`. */
  restart(request: { dlqId: string } & ReviveOptions): Promise<CreatedRun>;
  /** @deprecated Use `restart(dlqIds, options)`. */
  restart(request: { dlqId: string[] } & ReviveOptions): Promise<CreatedRun[]>;
  /** Removes entries for good. Those that are gone already do not count, and are no error. */
  delete(request: DlqSelection, options?: CallOptions): Promise<{ deleted: number; cursor?: string }>;
  /** Resumes everything that a scope selects, each entry once, a page a turn. */
  resumeAll(scope: Scope, options?: JobOptions & ReviveOptions): AsyncGenerator<JobStep, void, void>;
  /** Restarts everything that a scope selects, each entry once, a page a turn. */
  restartAll(scope: Scope, options?: JobOptions & ReviveOptions): AsyncGenerator<JobStep, void, void>;
  /** Removes everything that a scope selects, a page a turn. */
  deleteAll(scope: Scope, options?: JobOptions): AsyncGenerator<JobStep, void, void>;
  /** Delivers a failure callback again that has failed. Nothing comes back where the answer was lost and it was done. */
  retryFailureFunction(request: { dlqId: string } & CallOptions): Promise<CreatedRun | undefined>;
  /** Stops the delivery of a failure callback that is in progress. */
  cancelFailureFunction(request: { dlqId: string } & CallOptions): Promise<void>;
}

/** The DLQ API of one account. */
export class Client {
  constructor(config?: ClientConfig);
  readonly dlq: Dlq;
}
