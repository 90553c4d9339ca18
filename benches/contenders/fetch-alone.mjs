/** What the runtime allows at all: one fetch, and a body that nobody reads. */
export default {
  async fetch(_, env) {
    const answer = await fetch(`${env.QSTASH_URL}/v2/workflows/dlq/resume/1`, {
      method: "POST",
      headers: { Authorization: `Bearer ${env.QSTASH_TOKEN}` },
    });
    return Response.json(await answer.json());
  },
};
