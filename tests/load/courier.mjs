/**
 * Delivers callbacks as QStash does: signed anew each time, and again after every answer but 2xx and 489 and after none. Two
 * things are different, for the sake of time: the pauses are short, and there is no last try.
 */
import { request } from "node:http";
import { DEV_CREDENTIALS } from "../support/local-qstash.mjs";
import { signToken } from "../support/sign.mjs";

const PAUSE_MS = [500, 1000, 2000];
const PATIENCE_MS = 30_000;

/**
 * @typedef {object} Sending
 * @property {string} [key] Signs instead of the right key.
 * @property {string} [sent] Is sent instead of the body that is signed.
 * @property {number} [cutAfter] Milliseconds until the connection is cut, without a look at the answer.
 * @property {(request: import("node:http").ClientRequest, body: string) => Promise<void>} [write] Writes the body, over a
 *   connection of its own. The delivery lasts until that has ended.
 */

/**
 * @param {object} options
 * @param {string} options.url Where to: the origin of the Worker.
 * @param {import("node:http").Agent} options.agent
 * @param {Map<string, number>} options.answers Counts them, by status or by what came instead.
 */
export function courier({ url, agent, answers }) {
  /**
   * One delivery.
   * @param {{ callback: { headers: object, body: string } }} run
   * @param {Sending} [sending]
   * @returns {Promise<number | string>} The status, or what came instead.
   */
  async function deliver({ callback: { headers, body } }, sending = {}) {
    const { key = DEV_CREDENTIALS.currentKey, sent = body } = sending;
    const token = signToken({ key, url: `${url}/`, body });
    const all = { ...headers, "Upstash-Signature": token, "Content-Length": Buffer.byteLength(sent) };
    let written;
    const answer = await new Promise((resolve) => {
      const connection = { method: "POST", headers: all, agent: sending.write ? false : agent };
      const outgoing = request(`${url}/`, connection, (response) => {
        response.resume();
        response.once("end", () => resolve(response.statusCode));
        response.once("close", () => resolve("cut off"));
        response.once("error", () => resolve("cut off"));
      });
      outgoing.once("close", () => resolve("closed"));
      outgoing.once("error", (error) => resolve(error.code ?? error.message));
      outgoing.setTimeout(PATIENCE_MS, () => outgoing.destroy(new Error("no answer")));
      if (sending.write) written = sending.write(outgoing, sent);
      else outgoing.end(sent);
      if (sending.cutAfter !== undefined) setTimeout(() => outgoing.destroy(new Error("cut by us")), sending.cutAfter);
    });
    await written;
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    return answer;
  }

  return { deliver };
}

/** Whether QStash delivers no more. */
export const isFinal = (answer) => answer === 489 || (answer >= 200 && answer < 300);

/** Milliseconds until the next delivery. */
export const pauseAfter = (tries) => PAUSE_MS[Math.min(tries, PAUSE_MS.length) - 1];
