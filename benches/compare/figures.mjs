/** Medians of samples, and ratios between contenders: of each round's pair, for machines drift from round to round. */

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 ? sorted[Math.floor(middle)] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * @param {object[]} samples
 * @param {object[]} base The same rounds of whom they are compared with.
 * @param {string} field
 */
export function ratio(samples, base, field) {
  return median(samples.map((sample, round) => sample[field] / base[round][field]));
}

/** Medians of every field. */
export function medians(samples) {
  return Object.fromEntries(Object.keys(samples[0]).map((field) => [field, median(samples.map((sample) => sample[field]))]));
}
