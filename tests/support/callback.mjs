/**
 * Failure callbacks as QStash sends them for a workflow run, by the callbacks page of the QStash documentation and the
 * parser of the workflow SDK (`workflowRunId`, `workflowCreatedAt`).
 */

/** The run that a callback is about unless told otherwise. */
export const RUN_ID = "wfr_failed";

/** The workflow that a callback is about unless told otherwise. */
export const WORKFLOW_URL = "https://shop.example/order";

/**
 * @typedef {object} CallbackOptions
 * @property {string} [runId]
 * @property {string | null} [dlqId] `null`: the callback does not name its entry, as on the documentation's page for workflows.
 * @property {number} [status] Status of the failing delivery. Default: 500.
 * @property {unknown} [response] Its answer: an object for JSON, a string as it is. Default: what the SDK answers when a step throws.
 * @property {Record<string, string[]>} [responseHeaders] The answer's headers besides those of the SDK.
 * @property {string} [step] Name of the failing step. Default: "charge".
 * @property {string} [url] The workflow. Default: `WORKFLOW_URL`.
 * @property {string} [label]
 * @property {string | Uint8Array} [payload] The run's initial payload. Default: a small JSON object.
 * @property {object} [fields] Other fields of the body, or others in their place; `undefined` removes one.
 * @property {Record<string, string | undefined>} [headers] Other request headers; `undefined` removes one.
 */

/**
 * A callback without its signature.
 *
 * @param {CallbackOptions} [options]
 * @returns {{ headers: Record<string, string>, body: string }}
 */
export function failureCallback(options = {}) {
  return { headers: callbackHeaders(options), body: JSON.stringify(callbackBody(options)) };
}

/**
 * The JSON body as an object.
 *
 * @param {CallbackOptions} [options]
 * @returns {object}
 */
export function callbackBody(options = {}) {
  const { runId = RUN_ID, dlqId, status = 500, url = WORKFLOW_URL, step = "charge", label } = options;
  const { response = { error: "Error", message: "the bank does not answer", stack: "Error: the bank…\n    at charge" } } = options;
  const { payload = '{"order":7}' } = options;
  const createdAt = Date.now() - 60_000;
  return withoutUndefined({
    status,
    header: {
      "Content-Type": ["application/json"],
      "Upstash-Workflow-Sdk-Version": ["1"],
      "Upstash-Error-Step-Name": [step],
      ...options.responseHeaders,
    },
    body: base64(typeof response === "string" ? response : JSON.stringify(response)),
    retried: 3,
    maxRetries: 3,
    dlqId: dlqId === null ? undefined : (dlqId ?? "1700000000000-0"),
    sourceMessageId: "msg_source",
    url,
    method: "POST",
    sourceHeader: { "Content-Type": ["application/json"], ...(label && { "Upstash-Label": [label] }) },
    sourceBody: base64(payload),
    notBefore: String(createdAt),
    createdAt: String(createdAt),
    callerIP: "192.0.2.7",
    workflowRunId: runId,
    workflowCreatedAt: createdAt,
    ...options.fields,
  });
}

function callbackHeaders({ runId = RUN_ID, url = WORKFLOW_URL, label, headers }) {
  return withoutUndefined({
    "Content-Type": "application/json",
    "User-Agent": "Upstash-QStash",
    "Upstash-Message-Id": "msg_callback",
    "Upstash-Retried": "0",
    "Upstash-Caller-Ip": "192.0.2.7",
    "Upstash-Workflow-Is-Failure": "true",
    "Upstash-Workflow-Failure-Callback": "true",
    "Upstash-Workflow-Init": "false",
    "Upstash-Workflow-Calltype": "failureCall",
    "Upstash-Workflow-RunId": runId,
    "Upstash-Workflow-Url": url,
    "Upstash-Label": label,
    ...headers,
  });
}

function withoutUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

function base64(data) {
  return Buffer.from(data).toString("base64");
}
