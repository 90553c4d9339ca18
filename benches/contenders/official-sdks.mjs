/** What a user would write today: the official SDKs, made once for each isolate. */
import { Receiver } from "@upstash/qstash";
import { Client } from "@upstash/workflow";

let receiver, client;

export default {
  async fetch(request, env) {
    receiver ??= new Receiver({
      currentSigningKey: env.QSTASH_CURRENT_SIGNING_KEY,
      nextSigningKey: env.QSTASH_NEXT_SIGNING_KEY,
    });
    client ??= new Client({ baseUrl: env.QSTASH_URL, token: env.QSTASH_TOKEN });
    const signature = request.headers.get("Upstash-Signature");
    if (!signature) return new Response("no signature", { status: 401 });
    const body = await request.text();
    try {
      await receiver.verify({ signature, body, url: request.url });
    } catch {
      return new Response("bad signature", { status: 401 });
    }
    const { dlqId } = JSON.parse(body);
    const { workflowRunId } = await client.dlq.resume({ dlqId });
    return Response.json({ outcome: "resumed", workflowRunId });
  },
};
