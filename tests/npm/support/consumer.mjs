/** A small program that uses the package: one verification, one resume, one callback. The result is a line of JSON. */

/** Uses `api`, the exports of the package, on `task`. Written out into projects, so that it must not use what is around it. */
export async function use(api, task) {
  await api.init();
  const receiver = new api.Receiver(task.keys);
  const verified = await receiver.verify({ signature: task.signature, body: task.body, url: task.url });
  const refused = await receiver.verify({ signature: task.signature, body: "other" }).catch((error) => error.code);
  const client = new api.Client({ token: task.token, baseUrl: task.baseUrl });
  const { workflowRuns } = await client.dlq.resume(task.dlqId, { retries: 1 });
  const handler = api.createHandler({ token: task.token, baseUrl: task.baseUrl, ...task.keys, policy: { dry_run: true }, log: () => {} });
  const headers = { "Upstash-Signature": task.signature };
  const response = await handler(new Request(task.url, { method: "POST", body: task.body, headers }));
  const { outcome } = await response.json();
  const { workflowRunId } = api.parseFailureCallback(task.body);
  const { action } = api.decide({ url: task.url, body: task.body });
  const resumed = workflowRuns[0].workflowRunId.startsWith("wfr_");
  const own = Object.keys(globalThis).filter((name) => /wasm|wbg|redrive/i.test(name));
  return { verified, refused, resumed, outcome, workflowRunId, action, own };
}

/** What `use` returns where everything works. */
export const EXPECTED = {
  verified: true,
  refused: "body_hash_mismatch",
  resumed: true,
  outcome: "dry_run",
  workflowRunId: "wfr_failed",
  action: "resume",
  own: [],
};

/** A program that imports the package and prints the result of `use`. */
export const program = (task, importing = 'import * as api from "workflow-redrive";') =>
  `${importing}\n${use}\nuse(api, ${JSON.stringify(task)}).then((result) => console.log("RESULT" + JSON.stringify(result)));\n`;

/** The result that a program printed. */
export const resultOf = (output) => JSON.parse(output.slice(output.indexOf("RESULT") + "RESULT".length).split("\n")[0]);
