/**
 * How the demo talks: plain lines, colour only where a person reads it.
 */
import { styleText } from "node:util";

const WHO_WIDTH = 10;
const RUN_WIDTH = 4;

/** Off for pipes and files, and wherever NO_COLOR is set. */
const colourful = process.stdout.isTTY === true && !process.env.NO_COLOR;

// Who pipes the demo into `head` has seen enough.
process.stdout.once("error", () => process.exit(1));

/**
 * @param {Parameters<typeof styleText>[0]} style For example "bold" or "green".
 * @param {string} text
 * @returns {string}
 */
export function paint(style, text) {
  return colourful ? styleText(style, text, { validateStream: false }) : text;
}

/** @param {string} [text] */
export function say(text = "") {
  process.stdout.write(`${text}\n`);
}

/**
 * One event: when, who, in which run, what.
 *
 * @param {number} ms Since the beginning of the story.
 * @param {string} who
 * @param {string | undefined} runId Shown by its first letters, to tell runs apart that go on at once.
 * @param {string} what
 * @param {Parameters<typeof styleText>[0]} [style] Of `who`. Default: "cyan".
 */
export function sayEvent(ms, who, runId, what, style = "cyan") {
  const when = `${String(Math.round(ms)).padStart(6)} ms`;
  const run = (runId ?? "").replace("wfr_", "").slice(0, RUN_WIDTH).padEnd(RUN_WIDTH);
  say(`${paint("dim", when)}  ${paint("dim", run)}  ${paint(style, who.padEnd(WHO_WIDTH))}${what}`);
}

/**
 * A wait as people say it.
 *
 * @param {number} ms
 * @returns {string} For example "12 s" or "2 min 28 s".
 */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 3600), "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  return parts.filter(([count]) => count > 0).map(([count, unit]) => `${count} ${unit}`).join(" ");
}

/**
 * @param {string} text A wait as QStash's headers say it, for example "1h30m" or "22s".
 * @returns {number} Milliseconds.
 */
export function goMillis(text) {
  const units = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  const parts = text.matchAll(/([\d.]+)(ms|h|m|s)/g);
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * units[unit], 0);
}
