/** Numbers from a seed, so that a load meets the same faults again. Mulberry32, which is in the public domain. */
export function randomFrom(seed) {
  let state = seed;
  /** From 0 to 1. */
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
