/**
 * `Receiver` beside the official one: the same good tokens pass, and what that one wrongly accepts is refused. Twice: with the
 * hashes of Node.js, and as it is elsewhere.
 */
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Receiver as OfficialReceiver } from "@upstash/qstash";
import { Receiver } from "../../pkg/index.mjs";
import { signToken, unixNow } from "../support/sign.mjs";

const KEYS = { currentSigningKey: "sig_current", nextSigningKey: "sig_next" };
const URL = "https://app.example/api/failed?team=a&x=1";
const BODY = '{"status":500,"text":"Grüße"}';
const LARGE = "a".repeat(5000);
const web = await import("../../pkg/web.mjs");
await web.init(readFileSync(fileURLToPath(new globalThis.URL("../../pkg/wasm/redrive.wasm", import.meta.url))));
const ours = new Receiver(KEYS);
const elsewhere = new web.Receiver(KEYS);
const official = new OfficialReceiver({ ...KEYS, devMode: false });

const sign = (options = {}) => signToken({ key: KEYS.currentSigningKey, url: URL, body: BODY, ...options });
/** Every code that a test of this file has seen. */
const seen = new Set();
const codeOf = async (request) => {
  const [error, other] = await Promise.all(
    [ours, elsewhere].map((receiver) =>
      receiver.verify(request).then(
        () => assert.fail("verified"),
        (refused) => refused,
      ),
    ),
  );
  assert.ok(error instanceof Error);
  assert.deepEqual([error.code, error.message], [other.code, other.message]);
  seen.add(error.code);
  return error.code;
};

for (const [what, options, request] of [
  ["the current key", {}, {}],
  ["the next key", { key: KEYS.nextSigningKey }, {}],
  ["a body hash without padding", { padded: false }, {}],
  ["the URL", {}, { url: URL }],
  ["no nbf", { claims: { nbf: undefined } }, {}],
  ["an nbf of now", { claims: { nbf: unixNow() } }, {}],
  ["the next key and the URL, a hash without padding", { key: KEYS.nextSigningKey, padded: false }, { url: URL }],
  ["claims and header fields that nobody knows", { claims: { aud: "someone", extra: [1] }, header: { kid: "a" } }, {}],
  ["a region", {}, { upstashRegion: "US-EAST-1" }],
  ["a region that is none", {}, { upstashRegion: "MARS" }],
  ["an empty region", {}, { upstashRegion: "" }],
  ["a large body", { body: "ü".repeat(500_000) }, { body: "ü".repeat(500_000) }],
  ["a text that is not Unicode", { body: "\ud800" }, { body: "\ud800" }],
  ["a large text that is not Unicode", { body: "\ud800".repeat(9000) }, { body: "\ud800".repeat(9000) }],
  ["no iat and no jti", { claims: { iat: undefined, jti: undefined } }, {}],
  ["an empty body", { body: "" }, { body: "" }],
  ["an expired token within the tolerance", { now: unixNow() - 310 }, { clockTolerance: 30 }],
  ["a token of the near future within the tolerance", { claims: { nbf: unixNow() + 10 } }, { clockTolerance: 30 }],
]) {
  test(`both receivers accept ${what}`, async () => {
    const call = { signature: sign(options), body: BODY, ...request };
    assert.equal(await official.verify(call), true);
    assert.equal(await ours.verify(call), true);
    assert.equal(await elsewhere.verify(call), true);
  });
}

for (const [what, code, options, request] of [
  ["another body", "body_hash_mismatch", {}, { body: "other" }],
  ["another large body", "body_hash_mismatch", { body: LARGE }, { body: `${LARGE.slice(1)}b` }],
  ["another key for a large body", "signature_mismatch", { key: "sig_other", body: LARGE }, { body: LARGE }],
  ["another key", "signature_mismatch", { key: "sig_other" }, {}],
  ["another issuer", "signature_issuer", { claims: { iss: "Downstash" } }, {}],
  ["another URL", "signature_url_mismatch", {}, { url: "https://app.example/api/other" }],
  ["an expired token", "signature_expired", { now: unixNow() - 310 }, {}],
  ["a token of the future", "signature_not_yet_valid", { claims: { nbf: unixNow() + 60 } }, {}],
  ["a token of the future beyond the tolerance", "signature_not_yet_valid", { claims: { nbf: unixNow() + 60 } }, { clockTolerance: 30 }],
  ["an expired token beyond the tolerance", "signature_expired", { now: unixNow() - 340 }, { clockTolerance: 30 }],
  ["another query", "signature_url_mismatch", {}, { url: "https://app.example/api/failed?team=b&x=1" }],
  ["no issuer", "signature_issuer", { claims: { iss: undefined } }, {}],
  ["an exp that is a text", "signature_exp_claim", { claims: { exp: "soon" } }, {}],
  ["an nbf that is null", "signature_nbf_claim", { claims: { nbf: null } }, {}],
  ["an nbf that is a text", "signature_nbf_claim", { claims: { nbf: "soon" } }, {}],
  ["a body hash of another kind", "signature_body_claim", { claims: { body: "abc" } }, {}],
  ["no subject where the URL is asked for", "signature_sub_claim", { claims: { sub: undefined } }, { url: URL }],
  ["a header that must be understood", "signature_malformed", { header: { crit: ["exp"] } }, {}],
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
  ["HS384", "signature_algorithm", { alg: "HS384", key: "sig_of_48_bytes".padEnd(48, "_") }],
  ["a token for no URL", "signature_sub_claim", { claims: { sub: undefined } }],
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

/** Each kind of body, and another in its place; then a forgery. */
async function holds(receiver) {
  for (const body of [BODY, LARGE, `${LARGE}ü`]) {
    const signature = sign({ body });
    assert.equal(await receiver.verify({ signature, body }), true);
    assert.equal(await receiver.verify({ signature, body: Buffer.from(body) }), true);
    await assert.rejects(receiver.verify({ signature, body: `b${body.slice(1)}` }), { code: "body_hash_mismatch" });
    await assert.rejects(receiver.verify({ signature: sign({ key: "sig_other", body }), body }), { code: "signature_mismatch" });
  }
}

test("Node.js hashes tokens and bodies, but no body of a forged token", async (t) => {
  const { mock } = t.mock.method(crypto, "hash");
  await holds(ours);
  // An HMAC takes two hashes.
  const [good, forged] = [2 + 1, 2 * 2];
  assert.equal(mock.callCount(), 3 * (3 * good + forged));
});

test("elsewhere WebCrypto hashes large bodies, and WebAssembly small ones and all where there is none", async (t) => {
  const digest = t.mock.method(globalThis.crypto.subtle, "digest");
  await holds(elsewhere);
  assert.equal(digest.mock.callCount(), 2 * 3);
  digest.mock.mockImplementation(() => Promise.reject(new TypeError("not here")));
  await holds(elsewhere);
  assert.equal(digest.mock.callCount(), 2 * 2 * 3);
});

for (const [what, isThere] of [["WebCrypto", true], ["WebCrypto in vain", false]]) {
  test(`checks that wait for ${what} side by side are each about a body of its own`, async (t) => {
    if (!isThere) t.mock.method(globalThis.crypto.subtle, "digest", () => Promise.reject(new TypeError("not here")));
    const bodies = Array.from({ length: 20 }, (_, index) => `${index}${LARGE}`);
    const outcomes = bodies.map((body, index) =>
      elsewhere.verify({ signature: sign({ body: index % 3 === 0 ? LARGE : body }), body }).then(
        () => true,
        (error) => error.code,
      ),
    );
    assert.deepEqual(await Promise.all(outcomes), bodies.map((_, index) => (index % 3 === 0 ? "body_hash_mismatch" : true)));
  });
}

test("keys of every length make the same HMACs, and none is used in place of another", async () => {
  for (const length of [1, 63, 64, 65, 200]) {
    const keys = { currentSigningKey: "a".repeat(length), nextSigningKey: `${"a".repeat(length - 1)}b` };
    for (const receiver of [new Receiver(keys), new web.Receiver(keys)]) {
      for (const key of Object.values(keys)) assert.equal(await receiver.verify({ signature: sign({ key }), body: BODY }), true);
      await assert.rejects(receiver.verify({ signature: sign({ key: `${"a".repeat(length)}b` }), body: BODY }), { code: "signature_mismatch" });
    }
  }
});

test("a token is looked at up to 16 KiB, however long it is, and a longer one not hashed", async (t) => {
  const { mock } = t.mock.method(crypto, "hash");
  const padded = (length) => sign({ claims: { extra: "x".repeat(length) } });
  for (const receiver of [ours, elsewhere]) {
    assert.equal(await receiver.verify({ signature: padded(11_700), body: BODY }), true);
    for (const signature of [padded(12_300), padded(1_000_000), "ü".repeat(8_193), "€".repeat(100_000)]) {
      await assert.rejects(receiver.verify({ signature, body: BODY }), { code: "signature_malformed" });
    }
  }
  assert.ok(mock.calls.every(({ arguments: [, data] }) => data.length < 17_000));
});

test("the URL of one check is not that of the next", async () => {
  for (const receiver of [ours, elsewhere]) {
    for (const url of [URL, undefined, `${URL}&y=2`, undefined, URL]) {
      const call = { signature: sign({ url: url ?? "https://other.example/" }), body: BODY, url };
      assert.equal(await receiver.verify(call), true);
      await assert.rejects(receiver.verify({ ...call, url: "https://app.example/" }), { code: "signature_url_mismatch" });
    }
  }
});

test("a refusal has no stack, which would cost more than all the rest, and leaves errors of others theirs", async () => {
  const limit = Error.stackTraceLimit;
  const error = await ours.verify({ signature: "a.b.c", body: BODY }).catch((refused) => refused);
  assert.ok(!error.stack.includes("\n"), error.stack);
  assert.equal(Error.stackTraceLimit, limit);
  for (const bad of [{ signature: 7 }, { url: "app.example" }]) {
    const invalid = await ours.verify({ signature: "a.b.c", body: BODY, ...bad }).catch((refused) => refused);
    assert.match(invalid.stack, /\n +at /);
  }
});

test("a refusal tells nothing of the expectation", async () => {
  const error = await ours.verify({ signature: sign(), body: BODY, url: "https://other.example/" }).catch((it) => it);
  for (const secret of ["app.example", "other.example", "sig_", sign()]) assert.ok(!error.message.includes(secret));
});

/** Sets variables for one test. */
function environment(t, variables) {
  for (const [name, value] of Object.entries(variables)) process.env[name] = value;
  t.after(() => {
    for (const name of Object.keys(variables)) delete process.env[name];
  });
}
const pair = (prefix, key) => ({ [`${prefix}QSTASH_CURRENT_SIGNING_KEY`]: key, [`${prefix}QSTASH_NEXT_SIGNING_KEY`]: `${key}_next` });

for (const [what, region, good] of [
  ["without QSTASH_REGION", {}, [["sig_global"], ["sig_global_next", "US-EAST-1"], ["sig_global", "EU-CENTRAL-1"]]],
  ["with QSTASH_REGION", { QSTASH_REGION: "US_EAST_1" }, [["sig_global"], ["sig_us", "US-EAST-1"], ["sig_us_next", "us-east-1"], ["sig_global", "EU-CENTRAL-1"], ["sig_global", "MARS"]]],
]) {
  test(`${what} both receivers take the same keys of the environment`, async (t) => {
    t.mock.method(console, "warn", () => {});
    environment(t, { ...pair("", "sig_global"), ...pair("US_EAST_1_", "sig_us"), ...region });
    const [mine, theirs] = [new Receiver(), new OfficialReceiver({ devMode: false })];
    for (const [key, upstashRegion] of good) {
      for (const signer of ["sig_global", "sig_us", "sig_global_next", "sig_us_next"]) {
        const call = { signature: sign({ key: signer }), body: BODY, upstashRegion };
        const outcomes = [];
        for (const receiver of [mine, theirs]) outcomes.push(await receiver.verify(call).catch(() => false));
        assert.equal(outcomes[0], outcomes[1], `${signer} of ${upstashRegion}`);
        if (signer === key) assert.equal(outcomes[0], true, `${signer} of ${upstashRegion}`);
      }
    }
  });
}

test("where only a region has keys, they count without QSTASH_REGION", async (t) => {
  environment(t, pair("US_EAST_1_", "sig_us"));
  const call = { signature: sign({ key: "sig_us" }), body: BODY };
  assert.equal(await new Receiver().verify({ ...call, upstashRegion: "US-EAST-1" }), true);
  await assert.rejects(new Receiver().verify(call), { code: "missing_signing_keys" });
});

test("each reason to refuse has its own code", () => {
  const declared = readFileSync(fileURLToPath(new globalThis.URL("../../pkg/types.d.cts", import.meta.url)), "utf8");
  const [, codes] = declared.match(/type SignatureErrorCode =([^;]*);/);
  assert.deepEqual(new Set(codes.match(/(?<=\| ")\w+/g)), new Set([...seen]));
});

test("without any keys the error says what to set", async () => {
  await assert.rejects(new Receiver().verify({ signature: sign(), body: BODY }), {
    code: "missing_signing_keys",
    message: /QSTASH_CURRENT_SIGNING_KEY/,
  });
});
