// Made of the Rust types by `make types`: change those.

import type { RedriveError } from "./index.d.cts";

/** Why a signature was refused. */
export type SignatureErrorCode =
  /** The body is not the signed one. */
  | "body_hash_mismatch"
  /** Another algorithm than HS256. */
  | "signature_algorithm"
  /** No `body` claim, or no SHA-256 in it. */
  | "signature_body_claim"
  /** No `exp` claim, or not in whole seconds: the token would never expire. */
  | "signature_exp_claim"
  | "signature_expired"
  /** Not issued by Upstash. */
  | "signature_issuer"
  /** No compact JWS. */
  | "signature_malformed"
  /** Neither key made it. */
  | "signature_mismatch"
  /** An `nbf` claim that is not in whole seconds. */
  | "signature_nbf_claim"
  | "signature_not_yet_valid"
  /** No `sub` claim. */
  | "signature_sub_claim"
  /** Made for another URL. */
  | "signature_url_mismatch";

/** Why a body is no failure callback of a workflow run. */
export type CallbackErrorCode =
  | "duplicate_field"
  | "field_too_long"
  /** It ends too early. */
  | "incomplete_body"
  | "invalid_field"
  | "invalid_json"
  | "no_workflow_url"
  /** Neither body nor headers name a run: the failure of a plain message. */
  | "not_a_workflow"
  /** It is JSON, but no object. */
  | "not_an_object"
  | "too_deep";

/** Why a call of the DLQ API has no result. */
export type ApiErrorCode =
  /** Nobody knows whether it was done: the answer was lost, and looking did not help. */
  | "ambiguous"
  /** 400: the entry cannot be resumed, or the request makes no sense to QStash. */
  | "bad_request"
  /** A success with a body that is not the documented one. */
  | "malformed"
  /** 404: the entry was resumed, deleted or has expired. */
  | "not_found"
  /** 429: see `retryAfter`. */
  | "rate_limited"
  /** It was done, but the answer that names the new run was lost. */
  | "run_unknown"
  /** 5xx. */
  | "server"
  /** No answer, or not in time. */
  | "transport"
  /** 401 or 403. */
  | "unauthorized"
  /** Any other status. */
  | "unexpected";

/** An error of a call of the DLQ API. */
export interface ApiError extends RedriveError {
  code: ApiErrorCode;
  /** The HTTP status; absent where no usable answer came. */
  status?: number;
  /** Whether the same call may succeed later. */
  isTransient: boolean;
  /** Whether QStash may have done what was asked all the same: look before repeating. */
  mayHaveBeenProcessed: boolean;
  /** How often the call was sent. */
  attempts?: number;
  /** Of `rate_limited`: whole seconds to wait. */
  retryAfter?: number;
  /** Of `rate_limited`: requests allowed. */
  limit?: number;
  /** Of `rate_limited`: requests left. */
  remaining?: number;
}

/** One value, or any of several. */
export type OneOrMany<T> = T | T[];

/** A failed run, read from a failure callback. Times are epoch milliseconds. */
export interface Failure {
  workflowRunId: string;
  /** Not every callback names its entry. */
  dlqId?: string;
  /** The endpoint that failed. */
  workflowUrl: string;
  /** Status of the failing delivery; 0 if the endpoint did not answer. */
  status: number;
  /** The class of the error, such as `TypeError`. */
  errorName?: string;
  /** At most 2 KiB of it. */
  errorMessage?: string;
  /** The step that failed. Only recent SDKs tell. */
  stepName?: string;
  /** Labels of the run. */
  labels: string[];
  /** When the endpoint asked to be called again. */
  retryAt?: number;
  /** Retries of the failing delivery. */
  retried?: number;
  /** Retries that the failing delivery was allowed. */
  maxRetries?: number;
  /** The message whose delivery failed. */
  sourceMessageId?: string;
  /** When that message was created. */
  createdAt?: number;
  /** When the run was triggered. */
  workflowCreatedAt?: number;
  /** The callback itself: the same each time it is delivered. */
  callbackMessageId?: string;
  /** Retries of the callback itself. */
  callbackRetried?: number;
}

/** What is done with a failed run. */
export type Action =
  /** Leave the entry in the queue and decide again later. */
  | "defer"
  /** Remove the entry for good. */
  | "delete"
  /** Leave the entry in the queue for a person. */
  | "park"
  /** Leave the entry in the queue and hand the callback on to `relay_to`. */
  | "relay"
  /** Begin the run anew. */
  | "restart"
  /** Go on from the step that failed. */
  | "resume";

/** Why a decision fell as it did. */
export type Reason =
  | "attempts_exhausted"
  | "elapsed_budget_spent"
  | "rule";

/** What a policy decides about a failed run, and why. */
export interface Decision {
  action: Action;
  reason: Reason;
  /** The name of the rule that matched. */
  rule: string;
  class: FailureClass;
  /** What failures of the same kind have in common. */
  fingerprint: string;
  /** What breaker and budgets count by. */
  target: string;
  /** The wait before the new run starts, or of a deferral, without its jitter. */
  delaySeconds?: number;
  /** Where the callback is handed on to, without the query, which may be a secret. */
  relayTo?: string;
  /** Headers of the DLQ call, the delay without its jitter. */
  headers: Record<string, string>;
  /** The rules in their order, up to the one that matched. */
  rules: ConsideredRule[];
  /** What is odd about the policy, such as rules that can never match. */
  warnings: string[];
}

/** A rule that a failure was held against. */
export interface ConsideredRule {
  /** Its name. */
  rule: string;
  matched: boolean;
  /** The first key of its conditions that did not match. */
  failed?: keyof PolicyCondition;
  /** What the failure has there, cut where it is long; empty where it has nothing. */
  value?: string;
}

/** What kind of failure it is. */
export type FailureClass =
  /** Any other 4xx. */
  | "client_error"
  /** The code changed before the failed step. */
  | "incompatible_step"
  /** The application said "do not retry": 489. */
  | "non_retryable"
  /** Any other status. */
  | "other"
  /** 429. */
  | "rate_limited"
  /** Any other 5xx. */
  | "server_error"
  /** 408, 504, 522, 524, or an error that is named so. */
  | "timeout"
  /** 401 or 403. */
  | "unauthorized"
  /** No answer at all. */
  | "unreachable";

/** What to do with failed runs, as `[vars.POLICY]` of the Worker writes it. Durations are texts such as `"30s"`. */
export interface Policy {
  /** Decide and report, and send nothing. Default: false. */
  dry_run?: boolean;
  /** How often a run and its descendants are brought back at most. Default: 5. */
  max_attempts?: number;
  /** How long after the first failure. Default: "24h". */
  max_elapsed?: string;
  /** The least wait, so that a step that still executes is not run twice. Default: "10s". */
  settle?: string;
  /** A random part of it is waited on top of the least wait. */
  backoff?: PolicyBackoff;
  /** The longest wait that an endpoint may ask for. Default: "24h". */
  retry_after_cap?: string;
  /** For every run that is resumed or restarted. */
  overrides?: PolicyOverrides;
  /** Hold every resume and restart back. Default: false. */
  paused?: boolean;
  /** When targets are spared. Only the Worker does that, where it has a ledger. */
  breaker?: PolicyBreaker;
  /** How fast runs are resumed that were held back. Only the Worker does that, where it has a ledger. */
  drain?: PolicyDrain;
  /** How much may be resumed. Only the Worker keeps to it, where it has a ledger. */
  budget?: PolicyBudget;
  /** The failure functions that rules may hand callbacks on to. */
  relay_targets?: OneOrMany<string>;
  /** Before the default rules; the first that matches decides. */
  rules?: PolicyRule[];
}

/** How waits grow. */
export interface PolicyBackoff {
  /** Of the first attempt; it doubles with each. Default: "30s". */
  base?: string;
  /** Default: "1h". */
  cap?: string;
}

/** When a target counts as ill, and when it is tried again. The package takes it, and neither checks nor follows it. */
export interface PolicyBreaker {
  /** Default: true. */
  enabled?: boolean;
  /** From which share of failures it opens, in percent. Default: 80. */
  failure_share?: number;
  /** The fewest lineages that must have failed. Default: 10. */
  minimum?: number;
  /** How far back failures count. Default: "5m". */
  window?: string;
  /** How long it stays open; doubles as long as probes fail. Default: "30s". */
  open?: string;
  /** Default: "10m". */
  open_cap?: string;
  /** How many runs try the target out. Default: 3. */
  probes?: number;
}

/** How fast runs are resumed that were held back. */
export interface PolicyDrain {
  /** Resumes within a period, and deliveries of the resumed runs. Default: 60. */
  rate?: number;
  /** Whole seconds. Default: "1m". */
  period?: string;
  /** Deliveries at a time. Default: 10. */
  parallelism?: number;
  /** Whether the runs get a flow control key of their target. Default: true. */
  flow_control?: boolean;
}

/** How much may be resumed. */
export interface PolicyBudget {
  /** Of one target within a day of UTC. Default: no limit. */
  daily?: number;
}

/** A rule: what to do with the failures that match all of its conditions. */
export interface PolicyRule {
  /** What decisions and log lines call it. */
  name: string;
  /** Default: every failure. */
  when?: PolicyCondition;
  action: Action;
  /** Default: the policy's. */
  max_attempts?: number;
  /** What breaker and budgets count by; may have placeholders, see `label`. Default: the workflow's URL without its query. */
  target?: string;
  /** Default of each: the policy's. */
  overrides?: PolicyOverrides;
  /** Where callbacks of runs that are given up are handed on to: one of the policy's `relay_targets`. Default: nowhere. */
  relay_to?: string;
}

/** Which failures a rule is for. Values of one condition are alternatives. */
export interface PolicyCondition {
  /** Of the failing delivery. */
  status?: OneOrMany<StatusPattern>;
  /** The endpoint that failed; `*` stands for any characters. */
  url?: OneOrMany<string>;
  /** `*` stands for any characters. */
  label?: OneOrMany<string>;
  /** The class of the error; `*` stands for any characters. */
  error?: OneOrMany<string>;
  /** A part of the error's message. */
  message?: OneOrMany<string>;
  /** The name of the step that failed; `*` stands for any characters. Only recent SDKs tell. */
  step?: OneOrMany<string>;
  /** What kind of failure it is. */
  class?: OneOrMany<FailureClass>;
  /** What failures of the same kind have in common, as decisions and log lines have it. */
  fingerprint?: OneOrMany<string>;
  /** A regular expression that is found in the error's message. */
  regex?: OneOrMany<string>;
  /** The resumes and restarts that led to the run. */
  attempt?: OneOrMany<AttemptPattern>;
  /** The time since the first failure: ">1h", "<10m", "10m-1h". */
  age?: OneOrMany<string>;
  /** "eu-central-1", "us-east-1", or "none" for callbacks that name no region. */
  region?: OneOrMany<string>;
}

/** A status, or a text for several: "5xx", "500-504", "unreachable". */
export type StatusPattern = number | string;

/** A number, or a text for several: "3-", "0-2". */
export type AttemptPattern = number | string;

/** QStash settings of the resumed or restarted run, as a policy writes them. Default of each: as in the original run. */
export interface PolicyOverrides {
  /** Of each remaining step. */
  retries?: number;
  /** Instead of the back-off. */
  delay?: string;
  /** Milliseconds as an expression such as "1000 * pow(2, retried)". */
  retry_delay?: string;
  flow_control?: PolicyFlowControl;
  /** May have placeholders: `{target}`, `{label}`, `{class}`, `{fingerprint}`, `{attempt}`, `{root_run}`, `{step}`, `{region}`. */
  label?: OneOrMany<string>;
  /** The URL that is told of a further failure. */
  failure_callback?: string;
}

/** Limits of all deliveries with the same key. */
export interface PolicyFlowControl {
  /** May have placeholders, see `label`. */
  key: string;
  /** Deliveries at a time. */
  parallelism?: number;
  /** Deliveries a period. */
  rate?: number;
  /** Default: "1s". */
  period?: string;
}

/** What became of a failure callback that was dealt with. */
export type Outcome =
  | "deferred"
  | "deleted"
  | "dry_run"
  | "gone"
  | "parked"
  | "restarted"
  | "resumed";

/** What came of a failure callback. */
export interface CallbackResult {
  outcome: Outcome | "refused";
  /** Why: of a decision, or the code of an error. */
  reason?: string;
  /** Of a dry run: what would have been done. */
  decision?: Action;
  /** The name of the rule that matched. */
  rule?: string;
  /** The run that failed. */
  runId?: string;
  dlqId?: string;
  /** The run that was created, where an answer named it. */
  newRunId?: string;
  /** The run that failed first, of which this one is a descendant or which it is itself. */
  rootRunId?: string;
  /** Resumes and restarts of the run and its ancestors, this one included. */
  attempt?: number;
  /** How long QStash waits before the new run starts. */
  delaySeconds?: number;
  /** Of a deferral: when it may be taken up again, where that is known. */
  until?: number;
  /** Whether it is the answer to an earlier delivery of the callback. */
  duplicate?: boolean;
}

/** A line for the operator: ids, names and numbers, no payload and no secret. */
export interface LogLine {
  event: "failure_callback";
  result: CallbackResult;
  /** Status of the failing delivery of the run. */
  failureStatus?: number;
  failureClass?: FailureClass;
  /** What failures of the same kind have in common. */
  fingerprint?: string;
  /** What went wrong, in words. */
  detail?: string;
  /** Milliseconds from arrival to reply. */
  totalMs: number;
  /** Milliseconds of these that were spent on waiting for the DLQ API. */
  apiMs: number;
  /** Calls of the DLQ API. */
  apiCalls: number;
}

/** State of a failure callback. */
export type CallbackState =
  | "CALLBACK_CANCELED"
  | "CALLBACK_FAIL"
  | "CALLBACK_INPROGRESS"
  | "CALLBACK_SUCCESS";

/** At least one criterion. Values of one criterion are alternatives; an entry must meet every criterion. */
export interface DlqFilter {
  workflowUrl?: OneOrMany<string>;
  workflowRunId?: string;
  /** When the run was triggered. */
  workflowCreatedAt?: Date | number;
  label?: OneOrMany<string>;
  failureFunctionState?: OneOrMany<CallbackState>;
  callerIp?: OneOrMany<string>;
  flowControlKey?: OneOrMany<string>;
  /** From then on, it included. */
  fromDate?: Date | number;
  /** Up to then, it included. */
  toDate?: Date | number;
}

/** An entry of the dead letter queue as QStash sends it. */
export interface DlqEntry {
  dlqId: string;
  /** Absent on entries that are no workflow runs. */
  workflowRunId?: string;
  workflowUrl?: string;
  /** Epoch milliseconds. */
  workflowCreatedAt?: number | string;
  /** When the failed message was created, in epoch milliseconds. */
  createdAt?: number | string;
  /** Status of the last failed delivery. */
  responseStatus?: number;
  /** Body of the answer to that delivery. */
  responseBody?: string;
  /** The first of `labels`. */
  label?: string;
  labels?: string[];
  failureFunctionState?: CallbackState;
  [field: string]: unknown;
}

/** A run that was created. */
export interface CreatedRun {
  workflowRunId: string;
  /** Epoch milliseconds, where the answer says so. */
  workflowCreatedAt?: number;
}

/** An entry that QStash does not act on. */
export interface RefusedEntry {
  dlqId: string;
  error: ApiError;
}

/** What came of acting on entries. Every id is in exactly one list. */
export interface Acted {
  /** The runs that answers named. Nothing says which belongs to which entry. */
  workflowRuns: CreatedRun[];
  /** Done, and answered. */
  done: string[];
  /** How many of these the answers count: fewer where some were gone, and no answer says which. */
  counted: number;
  /** Done, though the answer was lost: no longer in the queue. */
  settled: string[];
  /** Not in the queue: resumed, restarted or deleted by somebody else, or expired. */
  gone: string[];
  /** Not done, and still there. */
  refused: RefusedEntry[];
  /** Sent, and nobody knows whether it was done. */
  ambiguous: string[];
  /** Not done, because something stopped it. */
  untouched: string[];
  /** What stopped it. */
  stopped?: ApiError;
}

/** How far a job has got. */
export interface Totals {
  /** Entries that were acted on, or tried to. */
  entries: number;
  /** Of these, done: answered or settled. */
  done: number;
  /** Of these, gone before. */
  gone: number;
  /** Of these, refused by QStash. */
  refused: number;
  /** Of these, not known to be done or not. */
  ambiguous: number;
  /** Left alone: not of the scope, or failed again after this job brought them back. */
  skipped: number;
}
