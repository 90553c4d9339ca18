/**
 * Every call shape of the official client's DLQ methods, the deprecated ones included: our `Client` and the official one
 * make the same call on two queues that are alike. The requests that arrive and the values that come back are the same,
 * save for what `ON_PURPOSE` gives reasons for.
 */
import assert from "node:assert/strict";
import { after, before, beforeEach, mock, test } from "node:test";
import { Client as OfficialClient } from "@upstash/workflow";
import { Client } from "../../pkg/index.mjs";
import { startLocalQstash } from "../support/local-qstash.mjs";

const URL = "https://shop.example/order";
const CREATED_AT = 1_700_000_000_000;
const QUEUE = [
  { workflowUrl: URL, labels: ["red", "large"], workflowRunId: "wfr_first", workflowCreatedAt: CREATED_AT },
  { workflowUrl: "https://shop.example/pay", labels: ["blue"], responseStatus: 503, callerIp: "192.0.2.7" },
  { labels: ["red"], flowControlKey: "slow", failureFunctionState: "CALLBACK_FAIL" },
  { workflowUrl: URL, flowControlKey: "fast", callerIp: "2001:db8::1" },
];
const FLOW = { key: "k", rate: 5, parallelism: 2, period: "10s" };
/** An entry that is not there, and an id that the service knows not to be one. */
const GONE = "1725323658779-0";
const NO_ID = "no-such-id";

/** What differs, and why. Each makes of what the official client did what ours does. */
const ON_PURPOSE = {
  /** The service's default is documented nowhere, and a page of 100 is what it was when it was. */
  "a list states its count": (theirs) => ({ ...theirs, requests: theirs.requests.map((it) => ({ ...it, query: [...it.query, "count=100"].sort() })) }),
  /** The official client takes these for "every entry": a mistake that empties a queue. */
  "everything must be said": () => refused(),
  /** The official client sends what the service cannot have been meant to get, or leaves out what it was given. */
  "what makes no sense is refused before it is sent": () => refused(),
  /** An answer that counts fewer than were named does not say which: ours looks whether all have left. */
  "a deletion that counts less is looked into": (theirs) => {
    const [{ query, headers }] = theirs.requests;
    const look = { method: "GET", path: "/v2/workflows/dlq", query: ["count=100", ...query], headers };
    return { ...theirs, requests: [...theirs.requests, look] };
  },
  /** One id twice is one entry: the run is resumed once, and the service's opinion on the second is not asked for. */
  "an entry is named once": (theirs) => ({ ...theirs, requests: theirs.requests.map((it) => ({ ...it, query: [...new Set(it.query)] })) }),
};
const refused = () => ({ requests: [], threw: "invalid_argument", status: undefined });

const sides = {};
before(async () => {
  mock.method(console, "error", () => {});
  // Delays at their full length: resumed runs fail again only long after the test.
  for (const [side, make] of [["ours", (config) => new Client(config)], ["theirs", (config) => new OfficialClient({ ...config, devMode: false })]]) {
    const qstash = await startLocalQstash({ timeScale: 1, seed: 7 });
    sides[side] = { qstash, client: make({ token: qstash.token, baseUrl: qstash.url }) };
  }
});
beforeEach(async () => {
  for (const side of Object.values(sides)) {
    await side.qstash.reset();
    const planted = [];
    for (const entry of QUEUE) planted.push(await side.qstash.plant(entry));
    side.ids = planted.map(({ dlqId }) => dlqId);
  }
});
after(async () => {
  for (const { qstash } of Object.values(sides)) await qstash.stop();
});

/** The same text for ids and times, which the servers make; planted entries by their number. */
const normal = (ids) => (text) =>
  ids
    .reduce((shown, id, index) => shown.replaceAll(id, `entry${index}`), text)
    .replaceAll(/\b(wfr|msg)_(?!first)\w+/g, "$1_*")
    .replaceAll(/\b\d{13}-\d+\b/g, "entry*")
    .replaceAll(/\b(?!17000)\d{13}\b/g, '"time"');

/** What a call sends, and what it returns or throws. */
async function observe({ client, qstash, ids }, call) {
  const shown = normal(ids);
  const before = (await qstash.requests()).length;
  const outcome = await Promise.resolve()
    .then(() => call(client.dlq, ids))
    .then(
      (value) => ({ value: value === undefined ? undefined : JSON.parse(shown(JSON.stringify(value))), names: Object.keys(value ?? {}).sort() }),
      (error) => ({ threw: error.code === "invalid_argument" ? error.code : "an error", status: error.status }),
    );
  const requests = (await qstash.requests()).slice(before).map(({ method, path, query, headers }) => ({
    method,
    path: shown(path),
    query: query.split("&").filter(Boolean).map(decodeURIComponent).map(shown).sort(),
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => /^upstash-(?!telemetry-)|^authorization$/.test(name))),
  }));
  return { requests, ...outcome };
}

function same(what, call, reason) {
  test(`${what}: ${reason === undefined ? "the same requests, the same values" : `on purpose otherwise, ${reason}`}`, async () => {
    const [ours, theirs] = [await observe(sides.ours, call), await observe(sides.theirs, call)];
    // An argument that both refuse before anything is sent, each in its own words.
    if (ours.threw !== undefined && theirs.threw !== undefined && theirs.requests.length === 0) theirs.threw = ours.threw;
    if (reason === undefined) return assert.deepEqual(ours, theirs);
    assert.notDeepEqual(ours, theirs, "no longer a difference");
    assert.deepEqual(ours, ON_PURPOSE[reason](theirs));
  });
}

const FILTERS = {
  "a label": { label: "red" },
  labels: { label: ["large", "blue"] },
  "a workflow URL": { workflowUrl: URL },
  "workflow URLs": { workflowUrl: [URL, "https://shop.example/pay"] },
  "a run": { workflowRunId: "wfr_first" },
  "a time of creation": { workflowCreatedAt: CREATED_AT },
  "a state of the failure function": { failureFunctionState: "CALLBACK_FAIL" },
  "a caller": { callerIp: "192.0.2.7" },
  callers: { callerIp: ["192.0.2.7", "2001:db8::1"] },
  "a flow control key": { flowControlKey: "slow" },
  "flow control keys": { flowControlKey: ["slow", "fast"] },
  "dates as numbers": { fromDate: 1, toDate: 4e12 },
  "dates as Dates": { fromDate: new Date(1), toDate: new Date(4e12) },
  "a label and a date and what is undefined": { label: "red", fromDate: 1, workflowRunId: undefined },
  "what nothing meets": { label: "green" },
};
const LEGACY_FILTERS = {
  "the deprecated url": { url: URL },
  "the deprecated responseStatus": { responseStatus: 503 },
  "both and a label": { url: "https://shop.example/pay", responseStatus: 503, label: "blue" },
};

const COUNT = "a list states its count";
same("list()", (dlq) => dlq.list(), COUNT);
same("list({})", (dlq) => dlq.list({}), COUNT);
same("list by a count", (dlq) => dlq.list({ count: 3 }));
same("list of the second page", async (dlq) => dlq.list({ count: 3, cursor: (await dlq.list({ count: 3 })).cursor }));
same("list by what is undefined", (dlq) => dlq.list({ count: 100, cursor: undefined, filter: undefined }));
for (const [what, filter] of Object.entries({ ...FILTERS, ...LEGACY_FILTERS })) {
  same(`list by ${what}`, (dlq) => dlq.list({ count: 100, filter }));
}
same("list by a count below 1", (dlq) => dlq.list({ count: 0 }), "what makes no sense is refused before it is sent");
same("list by an empty list", (dlq) => dlq.list({ filter: { label: [] } }));

const MUST_SAY = "everything must be said";
const LOOKS = "a deletion that counts less is looked into";
const NONSENSE = "what makes no sense is refused before it is sent";
for (const operation of ["resume", "restart", "delete"]) {
  for (const [what, call, reason] of [
    ["an id", (act, [a]) => act(a)],
    ["ids", (act, [a, b, c]) => act([c, a, b])],
    ["no ids", (act) => act([])],
    ["an id in dlqIds", (act, [a]) => act({ dlqIds: a })],
    ["ids in dlqIds", (act, [a, b]) => act({ dlqIds: [a, b] })],
    ["dlqIds and what is undefined", (act, [a]) => act({ dlqIds: [a], filter: undefined, count: undefined, cursor: undefined })],
    ["a filter and a count", (act) => act({ filter: { label: "red" }, count: 1 })],
    ["all", (act) => act({ all: true })],
    ["all and a count", (act) => act({ all: true, count: 3 })],
    ["all by pages", async (act) => {
      const pages = [];
      let cursor;
      do {
        const page = await act({ all: true, count: 2, cursor });
        pages.push(page);
        cursor = page.cursor;
      } while (cursor);
      return pages;
    }],
    ["a filter by pages", async (act) => {
      const { cursor } = await act({ filter: { fromDate: 1 }, count: 3 });
      return act({ filter: { fromDate: 1 }, count: 3, cursor });
    }],
    ["an entry that is gone", (act) => act(GONE), operation === "delete" ? LOOKS : undefined],
    ["what is no id to the service", (act) => act(NO_ID)],
    ["an empty id", (act) => act("")],
    ["an empty id among others", (act, [a]) => act([a, ""])],
    ["an empty list in dlqIds", (act) => act({ dlqIds: [] })],
    ["an empty list in a filter", (act) => act({ filter: { label: [] } })],
    ["nothing", (act) => act({})],
    ["an empty filter", (act) => act({ filter: {} }), MUST_SAY],
    ["a filter of what is undefined", (act) => act({ filter: { label: undefined } }), MUST_SAY],
    ["all: false", (act) => act({ all: false }), MUST_SAY],
    ["a filter and all", (act) => act({ filter: { label: "red" }, all: true }), MUST_SAY],
    ["an unknown criterion", (act) => act({ filter: { lable: "red" } }), NONSENSE],
    ["a criterion of lists only", (act) => act({ filter: { responseStatus: 503 } }), NONSENSE],
    ["more than dlqIds", (act, [a]) => act({ dlqIds: [a], retries: 1 }), NONSENSE],
    ["one id twice", (act, [a]) => act([a, a]), "an entry is named once"],
  ]) {
    same(`${operation} by ${what}`, (dlq, ids) => call((...request) => dlq[operation](...request), ids), reason);
  }
  for (const [what, filter] of Object.entries(FILTERS)) {
    same(`${operation} by ${what}`, (dlq) => dlq[operation]({ filter }));
  }
  test(`${operation} by a filter and all that is undefined: the filter holds, while the official client acts on everything`, async () => {
    const call = (dlq) => dlq[operation]({ filter: { label: "blue" }, all: undefined, count: 100 });
    const [ours, theirs] = [await observe(sides.ours, call), await observe(sides.theirs, call)];
    assert.deepEqual([ours.requests[0].query, theirs.requests[0].query], [["count=100", "label=blue"], ["count=100"]]);
  });
}

for (const operation of ["resume", "restart"]) {
  for (const [what, options] of [
    ["retries", { retries: 2 }],
    ["no retries", { retries: 0 }],
    ["flow control", { flowControl: FLOW }],
    ["the older flow control", { flowControl: { key: "k", ratePerSecond: 3 } }],
    ["a period in seconds", { flowControl: { key: "k", rate: 3, period: 5 } }],
    ["a period in minutes", { flowControl: { key: "k", rate: 3, period: "2m" } }],
    ["both", { retries: 5, flowControl: { key: "k", parallelism: 1 } }],
    ["what is undefined", { retries: undefined, flowControl: undefined }],
  ]) {
    same(`${operation} of an id with ${what}`, (dlq, [a]) => dlq[operation](a, options));
    same(`${operation} of ids with ${what}`, (dlq, [a, b]) => dlq[operation]([a, b], options));
    same(`${operation} of dlqIds with ${what}`, (dlq, [a, b]) => dlq[operation]({ dlqIds: [a, b] }, options));
    same(`${operation} by a filter with ${what}`, (dlq) => dlq[operation]({ filter: { label: "red" } }, options));
    same(`${operation} of all with ${what}`, (dlq) => dlq[operation]({ all: true, count: 2 }, options));
    same(`${operation} of the deprecated dlqId with ${what}`, (dlq, [a]) => dlq[operation]({ dlqId: a, ...options }));
    same(`${operation} of a list in the deprecated dlqId with ${what}`, (dlq, [a, b]) => dlq[operation]({ dlqId: [a, b], ...options }));
  }
  same(`${operation} of an entry that is gone in the deprecated dlqId`, (dlq) => dlq[operation]({ dlqId: GONE }));
  same(`${operation} of no entry in the deprecated dlqId`, (dlq) => dlq[operation]({ dlqId: [] }));
  same(`${operation} with options beside the deprecated dlqId`, (dlq, [a]) => dlq[operation]({ dlqId: a }, { retries: 1 }), NONSENSE);
}
same("delete of the deprecated dlqId, which it never had", (dlq, [a]) => dlq.delete({ dlqId: a }));

same("retryFailureFunction", (dlq, ids) => dlq.retryFailureFunction({ dlqId: ids[2] }));
same("retryFailureFunction where there is nothing to retry", (dlq, ids) => dlq.retryFailureFunction({ dlqId: ids[0] }));
same("retryFailureFunction of an entry that is gone", (dlq) => dlq.retryFailureFunction({ dlqId: GONE }));
same("retryFailureFunction of an empty id", (dlq) => dlq.retryFailureFunction({ dlqId: "" }));

test("some entries are gone: after the same request ours looks which, and does the rest where the service did nothing", async () => {
  const call = (dlq, [a, b]) => dlq.resume([a, GONE, b]);
  const [ours, theirs] = [await observe(sides.ours, call), await observe(sides.theirs, call)];
  assert.deepEqual([ours.threw, ours.status, ours.requests[0]], [theirs.threw, theirs.status, theirs.requests[0]]);
  const left = async ({ qstash, ids }) => (await (await qstash.api("/v2/workflows/dlq")).json()).messages.length - ids.length;
  assert.deepEqual([await left(sides.ours), await left(sides.theirs)], [-2, 0]);
});

same("delete of entries of which one is gone", (dlq, [a, b]) => dlq.delete([a, GONE, b]), LOOKS);

test("more than 50 ids: ours splits them, while the official client's call is refused", async () => {
  for (const { qstash } of Object.values(sides)) await qstash.plant({ count: 60 });
  const call = async (dlq) => dlq.resume((await dlq.list({ count: 60 })).messages.map(({ dlqId }) => dlqId));
  const [ours, theirs] = [await observe(sides.ours, call), await observe(sides.theirs, call)];
  assert.deepEqual([theirs.status, ours.value.workflowRuns.length], [400, 60]);
  assert.deepEqual(ours.requests.slice(1).map(({ query }) => query.length), [50, 10]);
});

test("a wrong token is the same error", async () => {
  for (const call of [(dlq) => dlq.list({ count: 1 }), (dlq) => dlq.resume(GONE), (dlq) => dlq.delete({ all: true }), (dlq) => dlq.retryFailureFunction({ dlqId: GONE })]) {
    const outcomes = [];
    for (const [side, make] of [["ours", (config) => new Client(config)], ["theirs", (config) => new OfficialClient({ ...config, devMode: false })]]) {
      outcomes.push(await observe({ ...sides[side], client: make({ token: "wrong", baseUrl: sides[side].qstash.url }) }, call));
    }
    assert.deepEqual(outcomes[0], outcomes[1]);
    assert.equal(outcomes[0].status, 401);
  }
});

/** Our client on its queue, over a `fetch` that spoils the first answer to a request that acts. */
function spoiled(spoil) {
  const { qstash } = sides.ours;
  const sent = [];
  const through = async (url, init) => {
    sent.push(init.method);
    return sent.length === 1 ? spoil(() => fetch(url, init)) : fetch(url, init);
  };
  return { sent, dlq: new Client({ token: qstash.token, baseUrl: qstash.url, fetch: through }).dlq };
}

for (const operation of ["resume", "restart", "delete"]) {
  test(`${operation} of a page: an answer that is lost is ambiguous, and the page is not sent twice`, async () => {
    const { sent, dlq } = spoiled(async (send) => {
      await (await send()).arrayBuffer();
      throw new TypeError("terminated");
    });
    await assert.rejects(dlq[operation]({ all: true, count: 2 }), { code: "ambiguous", mayHaveBeenProcessed: true });
    assert.equal(sent.length, 1);
    assert.equal((await dlq.list()).messages.length, QUEUE.length - 2);
  });

  test(`${operation} of a page: a rate limit is waited for`, async () => {
    const { sent, dlq } = spoiled(async () => new Response("", { status: 429, headers: { "Retry-After": "0" } }));
    await dlq[operation]({ filter: { label: "red" } });
    assert.equal(sent.length, 2);
    assert.equal((await dlq.list()).messages.length, QUEUE.length - 2);
  });
}

test("times of runs are numbers, however the service writes them, and no runs are an empty list", async () => {
  const answering = (body) => new Client({ token: "t", fetch: async () => new Response(body) }).dlq.resume({ all: true });
  const { workflowRuns } = await answering('{"workflowRuns":[{"workflowRunId":"a","workflowCreatedAt":"1700000000000"},{"workflowRunId":"b","workflowCreatedAt":"2023-11-14T22:13:20Z"},{"workflowRunId":"c"}]}');
  assert.deepEqual(workflowRuns.map(({ workflowCreatedAt }) => workflowCreatedAt), [CREATED_AT, CREATED_AT, undefined]);
  assert.deepEqual(await answering('{"workflowRuns":null,"cursor":""}'), { workflowRuns: [], cursor: undefined });
  await assert.rejects(answering("{}"), { code: "ambiguous" });
});
