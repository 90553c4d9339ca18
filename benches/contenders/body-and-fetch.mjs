/** The floor: the body is read, and one fetch is made. Nothing is checked. */
export default {
  async fetch(request, env) {
    await request.arrayBuffer();
    const answer = await fetch(`${env.QSTASH_URL}/v2/workflows/dlq/resume/1`, {
      method: "POST",
      headers: { Authorization: `Bearer ${env.QSTASH_TOKEN}` },
    });
    return Response.json(await answer.json());
  },
};
