/** Jobs, whose calls overlap: several lanes, each with a page at a time. */
import { withErrors } from "./instance.mjs";

/**
 * What comes of a job, page by page. Where the caller or the signal ends it, pages under way come to their end, so that
 * of every entry it is known what became of it.
 *
 * @param {object} job What `begin` of an account gives.
 * @param {number} count How many calls it may make at once.
 * @param {AbortSignal} [signal]
 */
export async function* lanes(job, count, signal) {
  const running = new Map();
  /** In the order in which they came to their end: totals must not go back. */
  const ended = [];
  let isWanted = true;
  let stopped;
  /** Lets every lane begin that has nothing to do, if there is anything for it. */
  const begin = () => {
    for (let lane = 0; isWanted && !signal?.aborted && lane < count; lane += 1) {
      if (running.has(lane)) continue;
      const step = job.next(lane);
      if (step.ended && step.done === undefined) continue;
      running.set(lane, run(lane, step));
    }
  };
  const run = async (lane, step) => {
    const end = { lane };
    try {
      end.page = await job.perform({ lane, step, turn: begin });
    } catch (error) {
      end.error = error;
    }
    ended.push(end);
  };
  try {
    for (;;) {
      begin();
      if (running.size === 0) break;
      if (ended.length === 0) await Promise.race(running.values());
      const { lane, page, error } = ended.shift();
      running.delete(lane);
      if (error !== undefined) throw error;
      if (page === undefined) continue;
      stopped ??= withErrors(page).stopped;
      isWanted = false;
      yield page;
      isWanted = true;
    }
    signal?.throwIfAborted();
    if (stopped !== undefined) throw stopped;
  } finally {
    isWanted = false;
    await Promise.all(running.values());
    job.free();
  }
}
