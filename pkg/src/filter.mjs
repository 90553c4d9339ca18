/** Filters, from what JavaScript has to what the core reads. */
import { instant, invalid, options, text } from "./check.mjs";

const LISTS = ["workflowUrl", "label", "failureFunctionState", "callerIp", "flowControlKey"];
const TIMES = ["workflowCreatedAt", "fromDate", "toDate"];

/**
 * A filter as JSON for the core, which checks what the values say.
 *
 * @param {unknown} filter
 * @returns {string}
 */
export function filterText(filter) {
  const given = options("filter", filter, [...LISTS, ...TIMES, "workflowRunId"]);
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
