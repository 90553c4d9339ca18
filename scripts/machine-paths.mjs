import { execFileSync } from "node:child_process";
import { homedir } from "node:os";
import { fileURLToPath } from "node:url";

/** The folders of this machine that a built file names: none, or it tells strangers where it was built. */
export function machinePaths(bytes) {
  const folders = [
    fileURLToPath(new URL("..", import.meta.url)),
    homedir(),
    process.env.CARGO_HOME,
    execFileSync("rustc", ["--print", "sysroot"], { encoding: "utf8" }).trim(),
  ];
  return folders.filter((folder) => folder && folder !== "/" && bytes.includes(folder));
}
