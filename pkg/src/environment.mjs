/** What the environment says in the official names, where the runtime has one. */
const REGIONS = ["EU_CENTRAL_1", "US_EAST_1"];

/**
 * The values of `names`: those of the region where it has all of them, else those without a region.
 *
 * @param {string[]} names
 * @param {string | undefined} region As in QSTASH_REGION or the `Upstash-Region` header; any other is none.
 * @returns {(string | undefined)[]}
 */
export function fromEnvironment(names, region) {
  const named = region?.toUpperCase().replaceAll("-", "_");
  const values = (prefix) => names.map((name) => variable(prefix + name));
  const regional = REGIONS.includes(named) ? values(`${named}_`) : [undefined];
  return regional.every(Boolean) ? regional : values("");
}

/** A variable of the environment; an empty one is none. */
export function variable(name) {
  return globalThis.process?.env?.[name] || undefined;
}
