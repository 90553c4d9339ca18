/** An application without any QStash setting, as a developer starts it: run by dev-mode.test.mjs with QSTASH_DEV=true. */
import { Client, serve } from "@upstash/workflow";
import { listen, poll } from "../../tests/support/net.mjs";

const { handler } = serve(async (context) => {
  const six = await context.run("six", () => 6);
  return six * (await context.run("seven", () => 7));
});
const app = await listen(async ({ method, path, headers, body }) => {
  const { "content-length": _, connection: __, host: ___, ...rest } = headers;
  const response = await handler(new Request(`${app.url}${path}`, { method, headers: rest, body }));
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
});

const client = new Client();
const { workflowRunId } = await client.trigger({ url: `${app.url}/answer` });
const run = await poll(async () => {
  const { runs } = await client.logs({ filter: { workflowRunId } });
  return runs[0]?.workflowState !== "RUN_STARTED" && runs[0];
});
await app.stop();
console.log(JSON.stringify({ state: run.workflowState, response: JSON.parse(run.workflowRunResponse ?? "null") }));
