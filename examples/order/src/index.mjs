/**
 * An order in three steps: charge the card, ship the parcel, tell the customer.
 *
 *   POST /orders    a customer orders: `{ "id": "A-1", "amount": 42 }`
 *   POST /workflow  QStash runs the steps
 *   GET  /stats     how often each step ran, by order
 *   POST /carrier   `{ "refuse": 3 }` has the carrier refuse the next three parcels, `{ "refuse": 0 }` repairs it
 */
import { Client } from "@upstash/workflow";
import { serve } from "@upstash/workflow/cloudflare";
import { bank, carrier, mail, stats } from "./world.mjs";

/** The workflow. A step that succeeded is remembered by QStash and does not run again when the run is resumed. */
const workflow = serve(async (context) => {
  const order = context.requestPayload;
  const payment = await context.run("charge", () => bank.charge(order));
  const parcel = await context.run("ship", () => carrier.ship(order));
  await context.run("notify", () => mail.send(order, parcel));
  return { payment, parcel };
});

/** Starts the workflow. All that Workflow Redrive needs is its address in `failureUrl`. */
async function place(order, origin, env) {
  const client = new Client({ baseUrl: env.QSTASH_URL, token: env.QSTASH_TOKEN });
  return client.trigger({
    url: `${origin}/workflow`,
    body: order,
    retries: 2,
    failureUrl: env.REDRIVE_URL,
  });
}

export default {
  async fetch(request, env) {
    const { origin, pathname } = new URL(request.url);
    switch (`${request.method} ${pathname}`) {
      case "POST /orders":
        return Response.json(await place(await request.json(), origin, env), { status: 202 });
      case "POST /workflow":
        return workflow.fetch(request, env);
      case "GET /stats":
        return Response.json(stats());
      case "POST /carrier":
        carrier.refuse = Number((await request.json()).refuse) || 0;
        return Response.json({ refuse: carrier.refuse });
      default:
        return new Response("not found\n", { status: 404 });
    }
  },
};
