/** Uses every export with its types: compiled by `tsc --strict` against the packed declarations, never run. */
import {
  Client,
  Receiver,
  createHandler,
  decide,
  init,
  parseFailureCallback,
  type ActError,
  type Acted,
  type Action,
  type ApiError,
  type ApiErrorCode,
  type AttemptPattern,
  type CallOptions,
  type CallbackContext,
  type CallbackErrorCode,
  type CallbackResult,
  type CallbackState,
  type ClientConfig,
  type ConsideredRule,
  type CreatedRun,
  type DecideRequest,
  type Decision,
  type Dlq,
  type DlqEntry,
  type DlqFilter,
  type DlqListFilter,
  type DlqSelection,
  type ErrorCode,
  type Failure,
  type FailureClass,
  type FlowControl,
  type HandlerSettings,
  type JobOptions,
  type JobStep,
  type LogLine,
  type OneOrMany,
  type Outcome,
  type PageOptions,
  type Policy,
  type ClaimAnswer,
  type Ledger,
  type PolicyBackoff,
  type PolicyBreaker,
  type PolicyBudget,
  type PolicyDrain,
  type PolicyCondition,
  type PolicyFlowControl,
  type PolicyOverrides,
  type PolicyRule,
  type Reason,
  type ReceiverConfig,
  type RedriveError,
  type RefusedEntry,
  type RetryConfig,
  type ReviveOptions,
  type Scope,
  type SignatureErrorCode,
  type StatusPattern,
  type Totals,
  type VerifyRequest,
  type WasmSource,
} from "workflow-redrive";
import wasm from "workflow-redrive/wasm";

await init();
await init(wasm);
await init(fetch("redrive.wasm"));
await init(new URL("redrive.wasm", "https://app.example"));
// @ts-expect-error nothing is no source
await init(null);

const keys: ReceiverConfig = { currentSigningKey: "a", nextSigningKey: "b" };
const request: VerifyRequest = { signature: "s", body: new Uint8Array(), url: "https://a", clockTolerance: 5, upstashRegion: "US-EAST-1" };
const verified: true = await new Receiver(keys).verify(request);
// @ts-expect-error the body is missing
await new Receiver().verify({ signature: "s" });

const policy: Policy = {
  max_attempts: 3,
  backoff: { base: "30s" },
  rules: [{ name: "a", when: { status: [503, "5xx"], url: "https://a/*" }, action: "park", max_attempts: 1, overrides: { label: ["a"] } }],
};
// @ts-expect-error no such action
const wrong: Policy = { rules: [{ name: "a", action: "explode" }] };
const settings: HandlerSettings = { token: "t", currentSigningKey: "a", nextSigningKey: "b", policy, timeout: 5, fetch };
const handler: (request: Request) => Promise<Response> = createHandler({ ...settings, log: (line: LogLine, isError) => void [line.event, isError] });
// @ts-expect-error the token is missing
createHandler({ currentSigningKey: "a", nextSigningKey: "b" });

const failure: Failure = parseFailureCallback("{}", { headers: new Headers(), now: new Date() });
const decision: Decision = decide({ policy, url: "https://a", body: "{}", now: 0 });

const config: ClientConfig = { token: "t", baseUrl: "https://a", fetch, timeout: 5 };
const { dlq } = new Client(config);
const flowControl: FlowControl = { key: "k", rate: 1, parallelism: 2, period: "1m" };
const options: ReviveOptions = { retries: 1, delay: 30, retryDelay: "1", flowControl, label: "l", failureUrl: "https://a", signal: new AbortController().signal };
const runs: CreatedRun[] = (await dlq.resume("1-0", options)).workflowRuns;
const run: CreatedRun = await dlq.restart({ dlqId: "1-0", retries: 1 });
const entry: DlqEntry = await dlq.get("1-0", { signal: new AbortController().signal });
const deleted: number = (await dlq.delete("1-0")).deleted;
const many: CreatedRun[] = (await dlq.resume(["1-0", "2-0"], options)).workflowRuns;
const older: CreatedRun[] = await dlq.restart({ dlqId: ["1-0"] });
new Client();
// @ts-expect-error there is no development mode
new Client({ token: "t", devMode: true });
const filter: DlqFilter = { label: ["a"], fromDate: new Date(), failureFunctionState: "CALLBACK_FAIL" };
const page: DlqEntry[] = (await dlq.list({ filter, count: 5, cursor: "c" })).messages;
const legacy: DlqListFilter = { ...filter, url: "https://a", responseStatus: 500 };
const selections: DlqSelection[] = ["1-0", ["1-0"], { dlqIds: "1-0" }, { filter, count: 5, cursor: page[0]?.dlqId }, { all: true }];
const next: string | undefined = (await dlq.restart({ all: true, count: 5, cursor: undefined })).cursor;
await dlq.delete({ filter: { label: "a" } });
// @ts-expect-error what lists take, actions do not
await dlq.delete({ filter: legacy, all: true });
// @ts-expect-error ids and everything exclude each other
await dlq.resume({ dlqIds: ["1-0"], all: true });
for await (const entry of dlq.listAll({ filter: legacy })) console.log(entry.dlqId);
for await (const { totals, done } of dlq.resumeAll({ filter }, { limit: 5, retries: 1 })) console.log(totals.done, done.length);
for await (const step of dlq.deleteAll({ all: true })) console.log(step.totals.entries satisfies number);
const again: CreatedRun | undefined = await dlq.retryFailureFunction({ dlqId: "1-0" });
await dlq.cancelFailureFunction({ dlqId: "1-0" });
// @ts-expect-error everything must be said
dlq.restartAll({});
// @ts-expect-error a filter and everything exclude each other
dlq.restartAll({ all: true, filter });
// @ts-expect-error no such option
await dlq.resume("1-0", { retry: 1 });

const errorCodes: ErrorCode[] = ["internal", "bad_request" satisfies ApiErrorCode, "too_deep" satisfies CallbackErrorCode, "body_hash_mismatch" satisfies SignatureErrorCode];
// @ts-expect-error no such code
const noCode: ErrorCode = "signature_fine";
const errorOf = (error: ActError): [Acted, ApiErrorCode] => [error.acted, error.code];
const textOf = ({ outcome, decision, duplicate }: CallbackResult): [Outcome | "refused", Action | undefined, boolean | undefined] => [outcome, decision, duplicate];
const line = (line: LogLine): number => line.totalMs + (line.failureStatus ?? 0) + line.result.outcome.length;
// @ts-expect-error no such field
const noField = (line: LogLine) => line.result.payload;
const why = ({ action, reason, class: kind, warnings }: Decision): [Action, Reason, FailureClass, string[]] => [action, reason, kind, warnings];
const missed = ({ rules }: Decision): (keyof PolicyCondition | undefined)[] => rules.map(({ failed }: ConsideredRule) => failed);
const sum = ({ totals, refused }: JobStep): [Totals, RefusedEntry[]] => [totals, refused];
const condition: PolicyCondition = { status: ["unreachable", 503] satisfies StatusPattern[], label: "a" satisfies OneOrMany<string>, class: "timeout", attempt: [1, "3-"] satisfies AttemptPattern[] };
// @ts-expect-error no such class
const noClass: PolicyCondition = { class: "slow" };
const flow: PolicyFlowControl = { key: "k", rate: 1, period: "1m" };
const overrides: PolicyOverrides = { retries: 1, delay: "1m", retry_delay: "1000", flow_control: flow, label: ["a"], failure_callback: "https://a" };
const rule: PolicyRule = { name: "a", when: condition, action: "restart", overrides };
const breaker: PolicyBreaker = { enabled: true, failure_share: 80, minimum: 20, window: "2m" };
const [drain, budget]: [PolicyDrain, PolicyBudget] = [{ parallelism: 10 }, { daily: 500 }];
const whole: Policy = { rules: [rule], backoff: { base: "1s", cap: "1h" } satisfies PolicyBackoff, overrides, breaker, drain, budget };
const asked: DecideRequest = { policy: whole, url: "https://a", body: "{}", headers: new Headers() };
const context: CallbackContext = { headers: { "Upstash-Label": ["a", "b"] } };
const state: CallbackState = "CALLBACK_FAIL";
const patience: RetryConfig = { attempts: 1, maxElapsed: 5 };
const scope: Scope = { filter: { failureFunctionState: [state] } };
const onePage: PageOptions & CallOptions = { count: 5, cursor: "c" };
const selected: DlqSelection[] = ["1-0", ["1-0"], { dlqIds: "1-0" }, { filter, ...onePage }, { all: true }];
const job: JobOptions = { limit: 5 };
const queue: Dlq = dlq;
const olderFilter: DlqListFilter = { url: "https://a", responseStatus: 500 };
const source: WasmSource = new Uint8Array();
console.log(errorCodes, noCode, errorOf, textOf, line, noField, why, sum, asked, context, patience, scope, selected, job, queue, olderFilter, source);

const isExpired = (error: RedriveError) => error.code === "signature_expired";
const code: ErrorCode = "rate_limited";
const kept = new Map<string, CallbackResult>();
const ledger: Ledger = { claim: (id): ClaimAnswer => kept.get(id), record: async (id, result) => void (result && kept.set(id, result)) };
const half = (error: ActError): string[] => error.acted.done;
const wait = (error: ApiError): number | undefined => error.retryAfter;

export { ledger, verified, wrong, handler, failure, decision, runs, run, many, older, page, again, entry, deleted, isExpired, code, wait, half, selections, next };
