/**
 * The history of sizes: measures what is built, and notes it in ../results/sizes.jsonl where it is not what was noted last.
 *
 *     node benches/size/history.mjs
 *
 * Bytes, gzip: the WebAssembly of the npm package, the package as it is downloaded, and the Worker as it is deployed. `how`
 * is "measured", or "budget": no more than that, and not much less. Needs `make build build-npm`.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { npmPackage, workerFiles } from "../../scripts/sizes.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const HISTORY = new URL("../results/sizes.jsonl", import.meta.url);
/** What the artifacts are made of. */
const SOURCES = [".cargo", "Cargo.lock", "Cargo.toml", "package-lock.json", "pkg", "scripts", "src"];
const FIELDS = { "npm WebAssembly": "wasm", "npm package": "tarball", Worker: "worker" };

const history = existsSync(HISTORY) ? readFileSync(HISTORY, "utf8").trim().split("\n").map((line) => JSON.parse(line)) : [];
const { sizes } = npmPackage();
const present = { ...sizes, worker: workerFiles().reduce((sum, { gzip }) => sum + gzip, 0) };
const said = note();
show();
console.log(said);

/** Says what it did. */
function note() {
  const last = history.at(-1);
  const isSame = (row) => Object.keys(present).every((field) => row[field] === present[field]);
  if (last !== undefined && isSame(last)) return "The sizes are what was noted last.";
  const commit = lastCommit();
  if (commit === undefined) return "Not noted: what is built is not what is committed.";
  // A commit has one line: another compiler, or another npm, may have made it a few bytes larger.
  if (last?.commit === commit.commit) history.pop();
  history.push({ ...commit, ...present, how: "measured" });
  writeFileSync(HISTORY, history.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return "Noted in benches/results/sizes.jsonl.";
}

/** The last commit that touched the sources; nothing where there are changes beyond it, or no history. */
function lastCommit() {
  const git = (...words) => execFileSync("git", [...words, "--", ...SOURCES], { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  try {
    if (git("status", "--porcelain").trim() !== "") return undefined;
    const [commit, date, change] = git("log", "-1", "--format=%h%n%cs%n%s").trim().split("\n");
    return commit && { date, commit, change };
  } catch {
    return undefined;
  }
}

function show() {
  const rows = history.map((row, at) => {
    const cell = (field) => {
      if (row[field] === undefined) return "";
      const before = history.slice(0, at).findLast((other) => other[field] !== undefined)?.[field] ?? row[field];
      const difference = row[field] - before;
      return row[field].toLocaleString("en") + (difference ? ` (${difference > 0 ? "+" : "−"}${Math.abs(difference).toLocaleString("en")})` : "");
    };
    const cells = Object.entries(FIELDS).map(([title, field]) => [title, cell(field)]);
    return { commit: row.commit, date: row.date, ...Object.fromEntries(cells), how: row.how };
  });
  console.table(rows);
}
