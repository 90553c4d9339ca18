/** Settings that are missing or wrong: everything fails closed, and says which one it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { startRecorder } from "../support/net.mjs";
import { DEV_SECRETS } from "../support/redrive.mjs";
import { assertRefused, deliverTo, startFor } from "./harness.mjs";

const US = { token: "us-token", currentKey: "sig_us_current", nextKey: "sig_us_next" };
const GLOBAL = {
  token: DEV_SECRETS.QSTASH_TOKEN,
  currentKey: DEV_SECRETS.QSTASH_CURRENT_SIGNING_KEY,
  nextKey: DEV_SECRETS.QSTASH_NEXT_SIGNING_KEY,
};
const EU = { token: "eu-token", currentKey: "sig_eu_current", nextKey: "sig_eu_next" };

/** The settings of a region's account, or of the one without a region. */
const account = ({ token, currentKey, nextKey }, url, prefix = "") => ({
  [`${prefix}QSTASH_TOKEN`]: token,
  [`${prefix}QSTASH_CURRENT_SIGNING_KEY`]: currentKey,
  [`${prefix}QSTASH_NEXT_SIGNING_KEY`]: nextKey,
  [`${prefix}QSTASH_URL`]: url,
});

for (const [what, setting, change, accepted] of [
  ["a missing token", "QSTASH_TOKEN", { QSTASH_TOKEN: undefined }, /is missing/],
  ["an empty token", "QSTASH_TOKEN", { QSTASH_TOKEN: "" }, /is missing/],
  ["a missing current key", "QSTASH_CURRENT_SIGNING_KEY", { QSTASH_CURRENT_SIGNING_KEY: undefined }, /is missing/],
  ["a missing next key", "QSTASH_NEXT_SIGNING_KEY", { QSTASH_NEXT_SIGNING_KEY: undefined }, /is missing/],
  ["half a region", "US_EAST_1_QSTASH_CURRENT_SIGNING_KEY", { US_EAST_1_QSTASH_TOKEN: "us" }, /is missing/],
  ["a token with a line break", "QSTASH_TOKEN", { QSTASH_TOKEN: "canary\n" }, /without blanks/],
  ["a key with a blank", "QSTASH_CURRENT_SIGNING_KEY", { QSTASH_CURRENT_SIGNING_KEY: "sig canary" }, /sig_…/],
  ["a QSTASH_URL without encryption", "QSTASH_URL", { QSTASH_URL: "http://qstash.example" }, /https/],
  ["a QSTASH_URL that is none", "QSTASH_URL", { QSTASH_URL: "qstash.example" }, /http/],
  ["a PUBLIC_URL with a query", "PUBLIC_URL", { PUBLIC_URL: "https://redrive.example/?a=1" }, /query/],
  ["a time without unit", "API_TIMEOUT", { API_TIMEOUT: "10" }, /unit/],
  ["a tolerance of an hour", "CLOCK_TOLERANCE", { CLOCK_TOLERANCE: "1h" }, /5m/],
  ["a size with a unit", "MAX_BODY_BYTES", { MAX_BODY_BYTES: "10MB" }, /number of bytes/],
  ["a misspelt key of the policy", "POLICY", { POLICY: { max_atempts: 3 } }, /max_atempts.*max_attempts/],
  ["a policy of the wrong type", "POLICY", { POLICY: { max_attempts: "many" } }, /max_attempts/],
  ["a policy that is text but no JSON", "POLICY", { POLICY: "dry run" }, /invalid/],
  ["a rule without action", "POLICY", { POLICY: { rules: [{ name: "a" }] } }, /rules\[0\].*action/],
  ["an unknown action", "POLICY", { POLICY: { rules: [{ name: "a", action: "explode" }] } }, /rules\[0\].*park/],
  ["an unknown condition", "POLICY", { POLICY: { rules: [{ name: "a", action: "park", when: { state: 1 } }] } }, /rules\[0\].*status/],
  ["a status that is none", "POLICY", { POLICY: { rules: [{ name: "a", action: "park", when: { status: 9 } }] } }, /rules\[0\].*5xx/],
  ["overrides that are none", "POLICY", { POLICY: { overrides: { retries: -1 } } }, /retries/],
]) {
  test(`${what}: 500 everywhere, naming ${setting} and what it accepts`, async (t) => {
    const api = await startRecorder();
    t.after(api.stop);
    const bindings = { ...DEV_SECRETS, QSTASH_URL: api.url, ...change };
    for (const name of Object.keys(bindings)) if (bindings[name] === undefined) delete bindings[name];
    const redrive = await startFor(t, { secrets: {}, vars: bindings });

    const answers = [await deliverTo(redrive), await redrive.send("/healthz"), await deliverTo(redrive, { signature: null })];

    for (const answer of answers) {
      assertRefused(answer, 500, "misconfigured", { message: accepted });
      assert.ok(JSON.parse(answer.text).error.message.startsWith(`${setting} `), answer.text);
      assert.ok(!answer.text.includes("canary"), "no value is shown");
    }
    assert.deepEqual(api.requests, []);
    const printed = redrive.printed();
    assert.ok(printed.length > 0 && printed.every(({ level, message }) => level === "error" && message.includes(setting)));
    assert.ok(!JSON.stringify(printed).includes("canary"));
  });
}

test("each region's callbacks are checked with its keys and resumed with its token at its URL", async (t) => {
  const answer = () => ({ body: JSON.stringify({ workflowRunId: "wfr_new", workflowCreatedAt: 1 }) });
  const [global, us, eu] = await Promise.all([startRecorder(answer), startRecorder(answer), startRecorder(answer)]);
  for (const { stop } of [global, us, eu]) t.after(stop);
  const secrets = {
    ...DEV_SECRETS,
    ...account(US, us.url, "US_EAST_1_"),
    ...account(EU, eu.url, "EU_CENTRAL_1_"),
  };
  const redrive = await startFor(t, { secrets, vars: { QSTASH_URL: global.url } });
  const deliver = (region, key, dlqId) => deliverTo(redrive, { dlqId, headers: { "Upstash-Region": region }, sign: { key } });

  for (const [region, { currentKey, nextKey, token }, api] of [
    ["US-EAST-1", US, us],
    ["EU-CENTRAL-1", EU, eu],
    [undefined, GLOBAL, global],
  ]) {
    for (const key of [currentKey, nextKey]) {
      const { status, text } = await deliver(region, key, `1-${key}`);
      assert.equal(status, 200, text);
    }
    assert.deepEqual(api.requests.map(({ headers }) => headers.authorization), [`Bearer ${token}`, `Bearer ${token}`]);
  }
  assertRefused(await deliver("US-EAST-1", EU.currentKey), 401, "signature_mismatch");
  assertRefused(await deliver("EU-CENTRAL-1", GLOBAL.currentKey), 401, "signature_mismatch");
  assertRefused(await deliver(undefined, US.currentKey), 401, "signature_mismatch");
  assert.deepEqual([global, us, eu].map(({ requests }) => requests.length), [2, 2, 2]);
});

test("with one region set, callbacks of another are refused", async (t) => {
  const api = await startRecorder();
  t.after(api.stop);
  const redrive = await startFor(t, { secrets: account(US, api.url, "US_EAST_1_") });

  assert.equal((await redrive.send("/healthz")).status, 200);
  assertRefused(await deliverTo(redrive, { sign: { key: US.currentKey } }), 401, "signature_mismatch");
  assert.deepEqual(api.requests, []);
});
