/**
 * The parts of a delivery as JavaScript calls them: verify, extract and decide of the npm package, and what does the same
 * without it. The same code runs in Node.js and in workerd.
 */
const KB = 1024;
const SIZES = { "2 KB": 2 * KB, "64 KB": 64 * KB, "1 MB": KB * KB };

export const URL_CALLED = "https://app.example/failed?team=a";
export const KEYS = { currentSigningKey: "sig_current", nextSigningKey: "sig_next" };

const OF_EACH_SIZE = [
  { part: "verify", contenders: ["redrive", "official"] },
  { part: "extract", contenders: ["redrive", "JSON.parse"] },
  { part: "extract, bytes", contenders: ["redrive", "JSON.parse"] },
];

/** What is measured: a part, of callbacks of a size. Ours comes first, and whom it is compared with, if anybody, second. */
export const CASES = [
  ...OF_EACH_SIZE.flatMap((one) => Object.keys(SIZES).map((size) => ({ ...one, size }))),
  // To decide is to extract, and then to look at the policy, which does not depend on the size.
  { part: "decide", contenders: ["redrive"], size: "2 KB" },
  { part: "decide, 20 rules", contenders: ["redrive"], size: "2 KB" },
];

const RULES = Array.from({ length: 20 }, (_, at) => ({ name: `shop-${at}`, when: { url: `https://shop-${at}.example/*` }, action: "park" }));

/** The body of a callback, of exactly the bytes of `size`: ASCII, and the payload of the run fills it up. */
export function callback(size) {
  const rest = SIZES[size] - carrying("").length;
  return carrying("eyJvcmRlciI6NDJ9".repeat(rest / 16 + 1).slice(0, rest));
}

function carrying(sourceBody) {
  return JSON.stringify({
    status: 503,
    header: { "Content-Type": ["application/json"], "Upstash-Workflow-Sdk-Version": ["1"] },
    body: btoa(JSON.stringify({ error: "Error", message: "the bank does not answer" })),
    retried: 3,
    maxRetries: 3,
    sourceMessageId: "msg_26hZCxZCuWyyTWPmSVBrNB882AtVbd94JkBEAfQNCmyMKfrZTjpE",
    url: "https://shop.example/order",
    method: "POST",
    sourceHeader: { "Content-Type": ["application/json"], "Upstash-Label": ["orders"] },
    sourceBody,
    createdAt: 1_792_567_680_000,
    workflowRunId: "wfr_rj0Upr1rvdzGfz96fXNHh",
    workflowCreatedAt: 1_792_567_680_000,
    dlqId: "1725323658779-0",
  });
}

/**
 * The calls of each contender of each part, for callbacks of one size.
 *
 * @param {{ Receiver: Function, parseFailureCallback: Function, decide: Function }} redrive The npm package.
 * @param {Function} OfficialReceiver
 * @param {{ body: string, signature: string }} delivered
 * @returns {Record<string, Record<string, () => unknown>>}
 */
export function calls(redrive, OfficialReceiver, { body, signature }) {
  const bytes = new TextEncoder().encode(body);
  const ours = new redrive.Receiver(KEYS);
  const official = new OfficialReceiver({ ...KEYS, devMode: false });
  const verified = { signature, body, url: URL_CALLED };
  const delivered = { url: URL_CALLED, body };
  return {
    verify: { redrive: () => ours.verify(verified), official: () => official.verify(verified) },
    extract: { redrive: () => redrive.parseFailureCallback(body), "JSON.parse": () => extracted(body) },
    "extract, bytes": {
      redrive: () => redrive.parseFailureCallback(bytes),
      "JSON.parse": () => extracted(new TextDecoder().decode(bytes)),
    },
    decide: { redrive: () => redrive.decide(delivered) },
    "decide, 20 rules": { redrive: () => redrive.decide({ ...delivered, policy: { rules: RULES } }) },
  };
}

/** What our package finds in such a callback, by what JavaScript has. Nothing is checked or limited. */
function extracted(text) {
  const { body, header, sourceHeader, url, ...rest } = JSON.parse(text);
  const { error, message } = JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(body), (char) => char.charCodeAt(0))));
  return {
    workflowRunId: rest.workflowRunId,
    dlqId: rest.dlqId,
    workflowUrl: url,
    status: rest.status,
    errorName: error,
    errorMessage: message,
    stepName: header["Upstash-Error-Step-Name"]?.[0],
    labels: sourceHeader["Upstash-Label"] ?? [],
    retried: rest.retried,
    maxRetries: rest.maxRetries,
    sourceMessageId: rest.sourceMessageId,
    createdAt: rest.createdAt,
    workflowCreatedAt: rest.workflowCreatedAt,
  };
}

/** Calls so many times in turn, and gives the last answer. */
export async function repeat(call, times) {
  let answer;
  for (let turn = 0; turn < times; turn += 1) {
    answer = call();
    if (answer instanceof Promise) answer = await answer;
  }
  return answer;
}
