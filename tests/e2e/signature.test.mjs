/** Whose callbacks are accepted: every way in which a request is not QStash's ends in 401, before anything is done. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { failureCallback } from "../support/callback.mjs";
import { DEV_CREDENTIALS } from "../support/local-qstash.mjs";
import { signToken, unixNow } from "../support/sign.mjs";
import { assertRefused, assertUntouched, startFor, useWorld } from "./harness.mjs";

const LIFETIME = 300;
const TOLERANCE = 30;
const world = useWorld({ vars: { CLOCK_TOLERANCE: `${TOLERANCE}s` } });

for (const [what, code, options] of [
  ["no signature", "signature_missing", { signature: null }],
  ["an empty signature", "signature_malformed", { signature: "" }],
  ["garbage", "signature_malformed", { signature: "garbage" }],
  ["three parts of garbage", "signature_malformed", { signature: "a.b.c" }],
  ["a token of 100 KB", "signature_malformed", { signature: `${"a".repeat(100_000)}.b.c` }],
  ["alg none without a signature", "signature_algorithm", { sign: { alg: "none" } }],
  ["alg none in a token that is signed", "signature_algorithm", { sign: { header: { alg: "none" } } }],
  ["HS512", "signature_algorithm", { sign: { alg: "HS512" } }],
  ["HS384", "signature_algorithm", { sign: { alg: "HS384" } }],
  ["another case of HS256", "signature_algorithm", { sign: { header: { alg: "hs256" } } }],
  ["a header that must be understood", "signature_malformed", { sign: { header: { crit: ["exp"] } } }],
  ["another key", "signature_mismatch", { sign: { key: "sig_of_somebody_else" } }],
  ["the token of the API as key", "signature_mismatch", { sign: { key: DEV_CREDENTIALS.token } }],
  ["another issuer", "signature_issuer", { sign: { claims: { iss: "Downstash" } } }],
  ["no subject", "signature_sub_claim", { sign: { claims: { sub: undefined } } }],
  ["no expiry", "signature_exp_claim", { sign: { claims: { exp: undefined } } }],
  ["no body hash", "signature_body_claim", { sign: { claims: { body: undefined } } }],
  ["the URL of another host", "signature_url_mismatch", { sign: { url: "https://elsewhere.example/" } }],
]) {
  test(`${what} is refused as ${code}`, async () => {
    assertRefused(await world.deliver(options), 401, code);
    await assertUntouched(world);
  });
}

for (const [what, signed, called] of [
  ["another path", "/other", "/"],
  ["a query that was not signed", "/", "/?redrive=0.1.wfr_a"],
  ["no query where one was signed", "/?team=a", "/"],
  ["another value in the query", "/?redrive=4.1.wfr_a", "/?redrive=0.1.wfr_a"],
  ["another order in the query", "/?a=1&b=2", "/?b=2&a=1"],
]) {
  test(`${what} is refused`, async () => {
    const answer = await world.deliver({ path: called, sign: { url: world.redrive.url + signed } });

    assertRefused(answer, 401, "signature_url_mismatch");
    assert.ok(!answer.text.includes("127.0.0.1"), "nothing of the expectation is told");
    await assertUntouched(world);
  });
}

test("claims that were altered after signing are refused", async () => {
  const token = (claims) => signToken({ key: DEV_CREDENTIALS.currentKey, url: `${world.redrive.url}/`, claims }).split(".");
  const [header, , mac] = token({});
  const [, payload] = token({ exp: unixNow() + 10 * LIFETIME });
  const signature = [header, payload, mac].join(".");

  assertRefused(await world.deliver({ signature }), 401, "signature_mismatch");
  await assertUntouched(world);
});

test("an expired token is refused once the clock tolerance has passed too", async () => {
  const aged = (age) => ({ sign: { now: unixNow() - LIFETIME - age } });

  assertRefused(await world.deliver(aged(TOLERANCE + 1)), 401, "signature_expired");
  await assertUntouched(world);

  assert.equal((await world.deliverPlanted(aged(TOLERANCE - 15))).status, 200);
});

test("a token of the future is refused beyond the clock tolerance", async () => {
  const from = (start) => ({ sign: { claims: { nbf: unixNow() + start } } });

  assertRefused(await world.deliver(from(TOLERANCE + 15)), 401, "signature_not_yet_valid");
  await assertUntouched(world);

  assert.equal((await world.deliverPlanted(from(TOLERANCE - 5))).status, 200);
});

test("a body that was altered by one byte is refused, and what it says does not matter", async () => {
  const { body } = failureCallback();

  for (const sent of [`${body} `, body.replace("500", "501"), "", "{"]) {
    assertRefused(await world.deliver({ body, sent }), 401, "body_hash_mismatch");
  }

  await assertUntouched(world);
});

test("a large body that was altered in its last byte is refused", async () => {
  const { body } = failureCallback({ payload: Buffer.alloc(3_000_000, 1) });
  const sent = `${body.slice(0, -1)} `;

  assertRefused(await world.deliver({ body, sent }), 401, "body_hash_mismatch");
  await assertUntouched(world);
});

for (const [what, sign] of [
  ["the current key", {}],
  ["the next key, as after a rotation", { key: DEV_CREDENTIALS.nextKey }],
  ["a body hash without padding", { padded: false }],
  ["no nbf", { claims: { nbf: undefined } }],
]) {
  test(`${what} is accepted`, async () => {
    const answer = await world.deliverPlanted({ sign });
    assert.equal(answer.status, 200, answer.text);
    assert.equal((await world.calls()).length, 1);
  });
}

test("a query of the author's own is part of the URL, byte for byte", async () => {
  const path = "/?team=a%20b&n=1&list[]=%C3%A4";
  const answer = await world.deliverPlanted({ path });
  assert.equal(answer.status, 200, answer.text);
});

test("behind a proxy the URL that QStash called is PUBLIC_URL with the request's query", async (t) => {
  const vars = { QSTASH_URL: world.qstash.url, PUBLIC_URL: "https://redrive.example/hook" };
  const redrive = await startFor(t, { vars });
  const { dlqId, workflowRunId: runId } = await world.qstash.plant();
  const { headers, body } = failureCallback({ dlqId, runId });
  const send = (url) => {
    const signature = signToken({ key: DEV_CREDENTIALS.currentKey, url, body });
    return redrive.send("/?n=1", { method: "POST", headers: { ...headers, "Upstash-Signature": signature }, body });
  };

  assertRefused(await send(`${redrive.url}/?n=1`), 401, "signature_url_mismatch");
  assertRefused(await send("https://redrive.example/hook"), 401, "signature_url_mismatch");
  await assertUntouched(world);

  assert.equal((await send("https://redrive.example/hook?n=1")).status, 200);
  const [{ headers: sent }] = await world.qstash.requests();
  assert.match(sent["upstash-failure-callback"], /^https:\/\/redrive\.example\/hook\?n=1&redrive=1\.\d+\./);
});
