/** What a resumed or restarted run does differently, from the SDK's names to the core's. */
import { invalid, number, options, text } from "./check.mjs";

const MAX_COUNT = 2 ** 32 - 1;

/** The core's names that differ from ours. */
const NAMES = { retry_delay: "retryDelay", flow_control: "flowControl", failure_callback: "failureUrl" };

/**
 * The overrides as JSON for the core, which checks what the values say.
 *
 * @param {Record<string, unknown>} given Checked to have no unknown names.
 * @returns {string}
 */
export function overridesText({ retries, delay, retryDelay, flowControl, label, failureUrl }) {
  return JSON.stringify({
    retries: whole("retries", retries),
    delay: seconds("delay", delay),
    retry_delay: text("retryDelay", retryDelay, { optional: true }),
    flow_control: flowControl === undefined ? undefined : flow(flowControl),
    label: labels(label),
    failure_callback: text("failureUrl", failureUrl, { optional: true }),
  });
}

/** An error of the core about an override, with the name that the override has here. */
export function renamed(error) {
  const [name] = error.message.split(/[. ]/, 1);
  return Object.hasOwn(NAMES, name) ? invalid(error.message.replace(name, NAMES[name])) : error;
}

function flow(flowControl) {
  const { key, ...limits } = options("flowControl", flowControl, ["key", "parallelism", "rate", "ratePerSecond", "period"]);
  if (limits.rate !== undefined && limits.ratePerSecond !== undefined) {
    throw invalid("`flowControl` must have one of `rate` and `ratePerSecond`");
  }
  return {
    key: text("flowControl.key", key),
    parallelism: whole("flowControl.parallelism", limits.parallelism),
    rate: whole("flowControl.rate", limits.rate ?? limits.ratePerSecond),
    period: seconds("flowControl.period", limits.period),
  };
}

function labels(label) {
  if (!Array.isArray(label)) return text("label", label, { optional: true });
  if (label.length === 0) throw invalid("`label` must be a text or a list of at least one");
  return label.map((one) => text("label", one));
}

function whole(name, value) {
  return value === undefined ? undefined : number(name, value, { max: MAX_COUNT, whole: true });
}

/** A duration: a number is seconds, a text such as `"1m30s"` says it all. */
function seconds(name, value) {
  if (typeof value === "number") return `${number(name, value, { max: MAX_COUNT, whole: true })}s`;
  return text(name, value, { optional: true });
}
