/** Tokens and signing keys. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Receiver } from "@upstash/qstash";
import { Client } from "@upstash/workflow";
import { startLocalQstash } from "../../tests/support/local-qstash.mjs";
import { assertError, assertRejected, clientOf, startRecorder, useLocalQstash } from "./harness.mjs";

const OWN = { token: "own-token", currentKey: "sig_own_current", nextKey: "sig_own_next" };
const qstash = useLocalQstash();

/** The next delivery's token and body, from a run triggered for it. */
async function nextDelivery(t, server) {
  const recorder = await startRecorder();
  t.after(recorder.stop);
  await clientOf(server).trigger({ url: `${recorder.url}/endpoint`, failureUrl: `${recorder.url}/failed` });
  const [{ headers, body }] = await recorder.waitFor(1);
  return { signature: headers["upstash-signature"], body, headers };
}

function verifies({ signature, body }, currentSigningKey, nextSigningKey = "other") {
  return new Receiver({ currentSigningKey, nextSigningKey }).verify({ signature, body }).then(
    () => true,
    () => false,
  );
}

for (const [name, method, path] of [
  ["trigger", "POST", "/v2/batch"],
  ["publish", "POST", "/v2/publish/http://127.0.0.1:9/"],
  ["list entries", "GET", "/v2/dlq?source=workflow"],
  ["resume", "POST", "/v2/workflows/dlq/resume"],
  ["delete", "DELETE", "/v2/workflows/dlq"],
  ["logs", "GET", "/v2/workflows/logs"],
  ["keys", "GET", "/v2/keys"],
]) {
  test(`${name} without or with a wrong token is 401 and does nothing`, async () => {
    await qstash.plant();
    for (const headers of [{}, { authorization: "Bearer wrong" }, { authorization: `Basic ${qstash.token}` }]) {
      await assertError(await fetch(`${qstash.url}${path}`, { method, headers }), 401);
    }
    assert.equal((await clientOf(qstash).dlq.list()).messages.length, 1);
    assert.equal((await clientOf(qstash).logs()).runs.filter(({ workflowState }) => workflowState === "RUN_STARTED").length, 0);
  });
}

test("the official client sees a wrong token as an error with status 401", async () => {
  const stranger = new Client({ baseUrl: qstash.url, token: "wrong", retry: false });
  await assertRejected(stranger.dlq.list(), 401);
  await assertRejected(stranger.trigger({ url: "http://127.0.0.1:9/" }), 401);
});

test("the token is accepted in the query too, and no record of requests shows it", async () => {
  const token = encodeURIComponent(qstash.token);
  assert.equal((await fetch(`${qstash.url}/v2/dlq?source=workflow&qstash_token=${token}`)).status, 200);
  assert.equal((await fetch(`${qstash.url}/v2/dlq?source=workflow&qstash_token=wrong`)).status, 401);

  const requests = JSON.stringify(await qstash.requests());

  assert.ok(!requests.includes(qstash.token) && !requests.includes(token), requests);
});

test("requests are recorded with whether the token was right, never with its value", async () => {
  await fetch(`${qstash.url}/v2/keys`);
  await fetch(`${qstash.url}/v2/keys`, { headers: { authorization: "Bearer wrong-secret" } });
  await qstash.api("/v2/keys");

  const seen = (await qstash.requests()).filter(({ path }) => path === "/v2/keys");

  assert.deepEqual(seen.map(({ headers, status }) => [headers.authorization ?? "absent", status]), [
    ["absent", 401],
    ["wrong", 401],
    ["present", 200],
  ]);
  assert.ok(!JSON.stringify(seen).includes("wrong-secret"));
});

test("deliveries are signed with the current key alone", async (t) => {
  const delivery = await nextDelivery(t, qstash);
  assert.equal(await verifies(delivery, qstash.currentKey), true);
  assert.equal(await verifies(delivery, qstash.nextKey), false);
});

test("rotating makes the next key the current one, so that receivers with both keys go on", async (t) => {
  const server = await startLocalQstash();
  t.after(server.stop);
  const keys = async () => (await server.api("/v2/keys")).json();
  const before = await keys();
  assert.deepEqual(before, { current: server.currentKey, next: server.nextKey });

  const rotated = await server.api("/v2/keys/rotate", { method: "POST" });

  assert.ok(rotated.ok, `status ${rotated.status}`);
  const after = await keys();
  assert.equal(after.current, before.next);
  assert.notEqual(after.next, before.next);
  const delivery = await nextDelivery(t, server);
  assert.equal(await verifies(delivery, before.current, before.next), true);
  assert.equal(await verifies(delivery, before.current), false);
});

test("token, keys and region can be one's own", async (t) => {
  const server = await startLocalQstash({ credentials: OWN, region: "EU-CENTRAL-1" });
  t.after(server.stop);

  assert.deepEqual(await (await server.api("/v2/keys")).json(), { current: OWN.currentKey, next: OWN.nextKey });
  assert.equal((await fetch(`${server.url}/v2/keys`, { headers: { authorization: `Bearer ${qstash.token}` } })).status, 401);
  const delivery = await nextDelivery(t, server);
  assert.equal(delivery.headers["upstash-region"], "EU-CENTRAL-1");
  assert.equal(await verifies(delivery, OWN.currentKey), true);
});
