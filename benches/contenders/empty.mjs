/** The least that a Worker is, for start-up and memory. */
export default { fetch: () => new Response(null, { status: 204 }) };
