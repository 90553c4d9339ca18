/** Results on the terminal. */

export function showCase({ name, load, goal, least }, rows) {
  console.log(`\n${name}, ${load.connections} connections (goal ${goal}, least ${least})`);
  show(rows, {
    "req/s": (row) => Math.round(row.rate),
    ratio: (row) => row.ratio.toFixed(2),
    "CPU s/10k": (row) => row.cpu.toFixed(2),
    "CPU ratio": (row) => row.cpuRatio.toFixed(2),
    "p50 ms": (row) => row.p50.toFixed(2),
    "p99 ms": (row) => row.p99.toFixed(2),
    "p99 ratio": (row) => row.p99Ratio.toFixed(2),
    "RSS MB": (row) => Math.round(row.resident),
    "peak MB": (row) => Math.round(row.peak),
  });
}

export function showMemory(rows) {
  console.log("\nMemory, and the first large callback");
  show(rows, {
    "idle MB": (row) => Math.round(row.idle),
    "above it, 50 MB in turn": (row) => Math.round(row.above),
    "peak, 10 MB over 4": (row) => Math.round(row.peak),
    "first 10 MB, ms": (row) => row.first.toFixed(0),
  });
}

export function showStartup(rows) {
  console.log("\nFrom the start of the process to the first answer");
  show(rows, {
    ms: (row) => row.firstAnswer.toFixed(1),
    "above an empty Worker's": (row) => row.above.toFixed(1),
    "to compile": (row) => row.loadedAbove.toFixed(1),
    "the first request": (row) => row.requestAbove.toFixed(1),
  });
}

function show(rows, columns) {
  const cells = (row) => Object.fromEntries(Object.entries(columns).map(([title, cell]) => [title, cell(row)]));
  console.table(Object.fromEntries(rows.map((row) => [row.name, cells(row)])));
}
