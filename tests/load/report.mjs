/** Prints the table of a load. */
export function report(t, { seed, load, verdict, injected, memory, live, idle }) {
  const listed = (counts) => Object.entries(counts).sort().map(([name, count]) => `${name} ${count}`).join(", ");
  const answers = Object.fromEntries(load.answers);
  const deliveries = [...load.answers.values()].reduce((sum, count) => sum + count, 0);
  const faults = Object.values(injected).reduce((sum, count) => sum + count, 0);
  const rows = [
    ["seed", seed],
    ["callbacks", load.runs.length],
    ["rate", `${Math.round(load.runs.length / load.seconds)} per second, for ${Math.round(load.seconds)} s`],
    ["deliveries", deliveries],
    ["answers", listed(answers)],
    ["forged and slow unsigned", listed(Object.fromEntries(load.forged))],
    ["faults of the API", `${faults}: ${listed(injected)}`],
    ["kills of workerd", load.kills],
    ["runs became", listed(verdict.became)],
    ["asked again, was gone", verdict.askedAgain],
    ["lost", verdict.lost.length],
    ["doubled", verdict.doubled.length],
    ["idle connections at the end", idle],
    ...memory.lives().map(({ start, peak, end }, n) => [`memory of workerd, life ${n + 1}`, `${Math.round(start)} MB at first, ${Math.round(peak)} at most, ${Math.round(end)} at last`]),
    ["held on to by its isolates", `${(live / 1e6).toFixed(1)} MB once garbage is collected`],
    ["more in its last third", `${Math.round(memory.growth() ?? 0)} MB`],
    ["its last life", memory.series(20).join(", ")],
  ];
  for (const [name, value] of rows) t.diagnostic(`${name.padEnd(30)} ${value}`);
}
