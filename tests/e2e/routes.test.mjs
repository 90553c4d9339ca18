/** Paths and methods. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertRefused, assertUntouched, useWorld } from "./harness.mjs";

const world = useWorld();

test("GET /healthz says that the deployment can work", async () => {
  const answer = await world.redrive.send("/healthz");

  assert.deepEqual([answer.status, answer.headers["content-type"]], [200, "application/json"]);
  assert.equal(answer.text, '{"status":"ok"}', "and nothing else, such as a version");
  await assertUntouched(world);
});

test("HEAD /healthz has the same status and no body", async () => {
  const answer = await world.redrive.send("/healthz", { method: "HEAD" });
  assert.deepEqual([answer.status, answer.text], [200, ""]);
});

for (const method of ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
  test(`${method} / is 405 and names what is accepted`, async () => {
    const answer = await world.redrive.send("/", { method });
    assert.deepEqual([answer.status, answer.headers.allow], [405, "POST"]);
    if (method !== "HEAD") {
      assert.deepEqual(JSON.parse(answer.text), { error: { code: "method_not_allowed", message: "accepted is POST" } });
    }
    await assertUntouched(world);
  });
}

test("POST /healthz is 405 and names what is accepted", async () => {
  const answer = await world.redrive.send("/healthz", { method: "POST" });
  assert.deepEqual([answer.status, answer.headers.allow], [405, "GET, HEAD"]);
});

for (const path of ["/nope", "/healthz/", "//", "/.well-known/x", "/index.html?a=/healthz"]) {
  test(`POST ${path} is 404, even with a good signature for it`, async () => {
    assertRefused(await world.deliver({ path }), 404, "not_found", { message: /POST \/ and GET \/healthz/ });
    await assertUntouched(world);
  });
}
