/** Resident memory of workerd, each second, life by life: it is killed now and then. */
const EVERY_MS = 1000;
/** Samples after which the engine's heap has grown as far as it grows before it is cleared up. */
const LONG = 180;
const MB = 1_000_000;

export function watchMemory(redrive) {
  const lives = [[]];
  const look = () => {
    try {
      const bytes = redrive.memory();
      if (bytes > 0) lives.at(-1).push(bytes / MB);
    } catch {
      // It was just killed, or is about to be buried: then it has none.
    }
  };
  look();
  const timer = setInterval(look, EVERY_MS);
  return {
    /** Another process from now on. */
    next: () => lives.push([]),
    stop: () => clearInterval(timer),
    /** In MB: at the start and at the end of each life, and the most. */
    lives: () => lives.filter(({ length }) => length > 0).map((sizes) => ({ start: sizes[0], peak: Math.max(...sizes), end: sizes.at(-1) })),
    /** The most in MB that workerd ever needed. */
    peak: () => Math.max(...lives.flat()),
    /**
     * How many MB more the last third of the last life needed than the second, at their peaks; the first third warms up. Of a
     * short life nothing can be said.
     */
    growth: () => {
      const sizes = lives.at(-1);
      if (sizes.length < LONG) return undefined;
      const third = Math.floor(sizes.length / 3);
      return Math.max(...sizes.slice(2 * third)) - Math.max(...sizes.slice(third, 2 * third));
    },
    /** About so many samples of the last life, evenly. */
    series: (count) => {
      const sizes = lives.at(-1);
      const step = Math.max(1, Math.floor(sizes.length / count));
      return sizes.filter((_, index) => index % step === 0).map(Math.round);
    },
  };
}
