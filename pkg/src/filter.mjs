/** Filters, from what JavaScript has to what the core reads. */
import { instant, invalid, joined, number, options, text } from "./check.mjs";

const LISTS = ["workflowUrl", "label", "failureFunctionState", "callerIp", "flowControlKey"];
const TIMES = ["workflowCreatedAt", "fromDate", "toDate"];

const NAMES = [...LISTS, ...TIMES, "workflowRunId"];

/** What only lists take, because it is deprecated and a service may ignore it. */
const LEGACY = ["url", "responseStatus"];

/** A filter of a list, with the criteria that only lists take; none select everything. */
export function listFilter(filter) {
  if (filter === undefined) return "";
  const { url, responseStatus, ...rest } = options("filter", filter, [...NAMES, ...LEGACY]);
  text("filter.url", url, { optional: true });
  if (responseStatus !== undefined) number("filter.responseStatus", responseStatus, { max: 999, whole: true });
  return criteria([...common(rest), ["url", url], ["responseStatus", responseStatus]]);
}

/**
 * A filter as names and values for the core, which checks what the values say.
 *
 * @param {unknown} filter
 * @returns {string}
 */
export function filterText(filter) {
  return criteria(common(options("filter", filter, NAMES)));
}

function common(given) {
  text("filter.workflowRunId", given.workflowRunId, { optional: true, max: 512 });
  const time = (name) => given[name] === undefined ? undefined : instant(`filter.${name}`, given[name]);
  return [
    ["workflowRunId", given.workflowRunId],
    ...LISTS.flatMap((name) => list(`filter.${name}`, given[name]).map((one) => [name, one])),
    ...TIMES.map((name) => [name, time(name)]),
  ];
}

function criteria(pairs) {
  const stated = pairs.filter(([, value]) => value !== undefined);
  if (stated.length === 0) throw invalid("`filter` must have at least one criterion; who means everything says `{ all: true }`");
  return joined("`filter`", stated.flat());
}

/** One text or several as a list. */
function list(name, value) {
  if (!Array.isArray(value)) return [text(name, value, { optional: true })];
  if (value.length === 0) throw invalid(`\`${name}\` must be a text or a list of at least one`);
  return value.map((one) => text(name, one));
}
