/** Filters, from what JavaScript has to what the core reads. */
import { instant, invalid, number, options, text } from "./check.mjs";

const LISTS = ["workflowUrl", "label", "failureFunctionState", "callerIp", "flowControlKey"];
const TIMES = ["workflowCreatedAt", "fromDate", "toDate"];

const NAMES = [...LISTS, ...TIMES, "workflowRunId"];

/** What only lists take, because it is deprecated and a service may ignore it. */
const LEGACY = ["url", "responseStatus"];

/** A filter of a list: its JSON, where there is any, and the criteria that only lists take. */
export function listFilter(filter) {
  if (filter === undefined) return [];
  const { url, responseStatus, ...rest } = options("filter", filter, [...NAMES, ...LEGACY]);
  text("filter.url", url, { optional: true });
  if (responseStatus !== undefined) number("filter.responseStatus", responseStatus, { max: 999, whole: true });
  const isLegacy = url !== undefined || responseStatus !== undefined;
  const isMore = Object.values(rest).some((value) => value !== undefined);
  return [isLegacy && !isMore ? undefined : filterText(rest), url, responseStatus];
}

/**
 * A filter as JSON for the core, which checks what the values say.
 *
 * @param {unknown} filter
 * @returns {string}
 */
export function filterText(filter) {
  const given = options("filter", filter, NAMES);
  const criteria = { workflowRunId: text("filter.workflowRunId", given.workflowRunId, { optional: true, max: 512 }) };
  for (const name of LISTS) criteria[name] = list(`filter.${name}`, given[name]);
  for (const name of TIMES) {
    if (given[name] !== undefined) criteria[name] = String(Math.trunc(instant(`filter.${name}`, given[name])));
  }
  if (Object.values(criteria).every((value) => value === undefined)) {
    throw invalid("`filter` must have at least one criterion; who means everything says `{ all: true }`");
  }
  return JSON.stringify(criteria);
}

function list(name, value) {
  if (!Array.isArray(value)) return text(name, value, { optional: true });
  if (value.length === 0) throw invalid(`\`${name}\` must be a text or a list of at least one`);
  return value.map((one) => text(name, one));
}
