/** `Receiver` beside the official one: the same good tokens pass, and what that one wrongly accepts is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Receiver as OfficialReceiver } from "@upstash/qstash";
import { Receiver } from "../../pkg/node.mjs";
import { signToken, unixNow } from "../support/sign.mjs";

const KEYS = { currentSigningKey: "sig_current", nextSigningKey: "sig_next" };
const URL = "https://app.example/api/failed?team=a&x=1";
const BODY = '{"status":500,"text":"Grüße"}';
const ours = new Receiver(KEYS);
const official = new OfficialReceiver({ ...KEYS, devMode: false });

const sign = (options = {}) => signToken({ key: KEYS.currentSigningKey, url: URL, body: BODY, ...options });
const codeOf = async (request) => {
  const error = await ours.verify(request).then(
    () => assert.fail("verified"),
    (refused) => refused,
  );
  assert.ok(error instanceof Error);
  return error.code;
};

for (const [what, options, request] of [
  ["the current key", {}, {}],
  ["the next key", { key: KEYS.nextSigningKey }, {}],
  ["a body hash without padding", { padded: false }, {}],
  ["the URL", {}, { url: URL }],
  ["no nbf", { claims: { nbf: undefined } }, {}],
  ["no iat and no jti", { claims: { iat: undefined, jti: undefined } }, {}],
  ["an empty body", { body: "" }, { body: "" }],
  ["an expired token within the tolerance", { now: unixNow() - 310 }, { clockTolerance: 30 }],
  ["a token of the near future within the tolerance", { claims: { nbf: unixNow() + 10 } }, { clockTolerance: 30 }],
]) {
  test(`both receivers accept ${what}`, async () => {
    const call = { signature: sign(options), body: BODY, ...request };
    assert.equal(await official.verify(call), true);
    assert.equal(await ours.verify(call), true);
  });
}

for (const [what, code, options, request] of [
  ["another body", "body_hash_mismatch", {}, { body: "other" }],
  ["another key", "signature_mismatch", { key: "sig_other" }, {}],
  ["another issuer", "signature_issuer", { claims: { iss: "Downstash" } }, {}],
  ["another URL", "signature_url_mismatch", {}, { url: "https://app.example/api/other" }],
  ["an expired token", "signature_expired", { now: unixNow() - 310 }, {}],
  ["a token of the future", "signature_not_yet_valid", { claims: { nbf: unixNow() + 60 } }, {}],
  ["garbage", "signature_malformed", {}, { signature: "a.b.c" }],
  ["an empty signature", "signature_malformed", {}, { signature: "" }],
  ["alg none", "signature_algorithm", { alg: "none" }, {}],
  ["no body hash", "signature_body_claim", { claims: { body: undefined } }, {}],
]) {
  test(`both receivers refuse ${what}; ours says ${code}`, async () => {
    const call = { signature: sign(options), body: BODY, ...request };
    await assert.rejects(official.verify(call));
    assert.equal(await codeOf(call), code);
  });
}

for (const [what, code, options] of [
  ["HS512", "signature_algorithm", { alg: "HS512", key: "sig_of_64_bytes".padEnd(64, "_") }],
  ["a token that never expires", "signature_exp_claim", { claims: { exp: undefined } }],
]) {
  test(`${what}, which the official receiver accepts, is refused as ${code}`, async () => {
    const key = options.key ?? KEYS.currentSigningKey;
    const call = { signature: sign({ ...options, key }), body: BODY };
    const lax = new OfficialReceiver({ currentSigningKey: key, nextSigningKey: key, devMode: false });
    assert.equal(await lax.verify(call), true);
    const strict = new Receiver({ currentSigningKey: key, nextSigningKey: key });
    await assert.rejects(strict.verify(call), { code });
  });
}

test("bytes that are not UTF-8 verify, from any kind of buffer", async () => {
  const body = Uint8Array.from([0, 255, 128, 10, 200]);
  const signature = sign({ body });
  assert.equal(await ours.verify({ signature, body }), true);
  assert.equal(await ours.verify({ signature, body: body.buffer }), true);
  assert.equal(await ours.verify({ signature, body: Buffer.from(body) }), true);
});

test("a refusal tells nothing of the expectation", async () => {
  const error = await ours.verify({ signature: sign(), body: BODY, url: "https://other.example/" }).catch((it) => it);
  for (const secret of ["app.example", "other.example", "sig_", sign()]) assert.ok(!error.message.includes(secret));
});

test("keys come from the environment, those of the region first", async (t) => {
  const set = { QSTASH: "global", US_EAST_1_QSTASH: "us" };
  for (const [prefix, key] of Object.entries(set)) {
    process.env[`${prefix}_CURRENT_SIGNING_KEY`] = `sig_${key}`;
    process.env[`${prefix}_NEXT_SIGNING_KEY`] = `sig_${key}_next`;
  }
  t.after(() => {
    for (const prefix of Object.keys(set)) {
      for (const which of ["CURRENT", "NEXT"]) delete process.env[`${prefix}_${which}_SIGNING_KEY`];
    }
  });
  const receiver = new Receiver();
  const by = (key) => ({ signature: sign({ key }), body: BODY });
  assert.equal(await receiver.verify(by("sig_global")), true);
  assert.equal(await receiver.verify({ ...by("sig_us"), upstashRegion: "US-EAST-1" }), true);
  assert.equal(await receiver.verify({ ...by("sig_global"), upstashRegion: "EU-CENTRAL-1" }), true);
  await assert.rejects(receiver.verify({ ...by("sig_global"), upstashRegion: "us-east-1" }), { code: "signature_mismatch" });
});

test("without any keys the error says what to set", async () => {
  await assert.rejects(new Receiver().verify({ signature: sign(), body: BODY }), {
    code: "missing_signing_keys",
    message: /QSTASH_CURRENT_SIGNING_KEY/,
  });
});
