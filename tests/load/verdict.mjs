/** What became of the runs: by what QStash did, and where it did nothing, by the queue and what the ledger has recorded. */
const ATTEMPTS = 50;
const AT_ONCE = 16;

/**
 * @typedef {object} Verdict
 * @property {Record<string, number>} became How many runs became what.
 * @property {object[]} lost Runs of which nobody knows: neither resumed or deleted, nor in the queue with a recorded reason.
 * @property {object[]} wrong Runs that became something else than the policy says.
 * @property {string[]} doubled Entries that were resumed more than once.
 * @property {number} askedAgain Calls that asked to resume what was resumed before, and were told so.
 */

/**
 * @param {{ runs: import("./runs.mjs").Run[], qstash: import("../support/local-qstash.mjs").LocalQstash,
 *   redrive: import("../support/redrive.mjs").Redrive, adminToken: string }} options
 * @returns {Promise<Verdict>}
 */
export async function judge({ runs, qstash, redrive, adminToken }) {
  const events = await qstash.timeline();
  const idsOf = (wanted) => events.filter(({ kind }) => kind === wanted).map(({ dlqId }) => dlqId);
  const resumes = idsOf("resumed");
  const [resumed, deleted, queued] = [new Set(resumes), new Set(idsOf("dlq_deleted")), await queue(qstash)];
  const headers = { Authorization: `Bearer ${adminToken}` };
  const recorded = async ({ dlqId, runId }) => {
    const { status, text } = await redrive.send(`/v1/recoveries/${runId}`, { headers });
    if (status !== 200) return undefined;
    return JSON.parse(text).recoveries.find((recovery) => recovery.dlqId === dlqId)?.conclusion;
  };
  const verdict = { became: {}, lost: [], wrong: [], doubled: resumes.filter((id, index) => resumes.indexOf(id) !== index) };
  await inParallel(runs, async (run) => {
    let became;
    if (resumed.has(run.dlqId)) became = "resumed";
    else if (deleted.has(run.dlqId)) became = "deleted";
    else if (queued.has(run.dlqId)) {
      const { outcome, reason } = (await recorded(run)) ?? {};
      if (reason !== undefined) became = outcome;
    }
    if (became === undefined) verdict.lost.push(named(run));
    else if (!run.wanted.includes(became)) verdict.wrong.push({ ...named(run), became });
    verdict.became[became] = (verdict.became[became] ?? 0) + 1;
  });
  const calls = await qstash.requests();
  verdict.askedAgain = calls.filter(({ method, path, status }) => method === "POST" && path.includes("/resume/") && status === 404).length;
  return verdict;
}

const named = ({ dlqId, runId, wanted, tries }) => ({ dlqId, runId, wanted, tries });

/** The ids of all entries. The API may fail, as it does for the Worker. */
async function queue(qstash) {
  const ids = new Set();
  let cursor;
  do {
    const query = new URLSearchParams({ source: "workflow", count: "100", ...(cursor && { cursor }) });
    const page = await attempt(() => qstash.api(`/v2/dlq?${query}`));
    for (const { dlqId } of page.messages) ids.add(dlqId);
    cursor = page.cursor;
  } while (cursor);
  return ids;
}

async function attempt(call) {
  for (let left = ATTEMPTS; ; left -= 1) {
    try {
      const response = await call();
      if (response.ok) return await response.json();
    } catch {
      // Again.
    }
    if (left === 0) throw new Error("the API fails whenever it is asked");
  }
}

async function inParallel(items, work) {
  const next = items[Symbol.iterator]();
  const worker = async () => {
    for (const item of next) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
