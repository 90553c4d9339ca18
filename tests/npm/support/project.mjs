/** Empty projects with the packed package installed, and programs run in them. */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const PKG = fileURLToPath(new URL("../../../pkg", import.meta.url));
const run = promisify(execFile);

/**
 * Packs the package as it would be published.
 *
 * @returns {Promise<{ tarball: string, files: { path: string, size: number }[], size: number, remove: () => Promise<void> }>}
 */
export async function pack() {
  const folder = await mkdtemp(join(tmpdir(), "redrive-pack-"));
  const { stdout } = await run("npm", ["pack", PKG, "--json", "--pack-destination", folder, "--loglevel=error"]);
  const packed = JSON.parse(stdout);
  const [{ filename, files, size }] = Array.isArray(packed) ? packed : Object.values(packed);
  return { tarball: join(folder, filename), files, size, remove: () => rm(folder, { recursive: true }) };
}

/**
 * Makes a project of `files` with nothing but the package installed.
 *
 * @param {string} tarball
 * @param {Record<string, string>} files
 * @returns {Promise<{ folder: string, run: (program: string, ...args: string[]) => Promise<string>, remove: () => Promise<void> }>}
 */
export async function project(tarball, files) {
  const folder = await mkdtemp(join(tmpdir(), "redrive-project-"));
  const all = { "package.json": '{"name":"consumer","private":true}', ...files };
  for (const [path, text] of Object.entries(all)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const inside = async (program, ...args) => {
    try {
      return (await run(program, args, { cwd: folder, timeout: 60_000 })).stdout;
    } catch (error) {
      throw new Error(`${program} ${args.join(" ")}: ${error.message}\n${error.stdout}`);
    }
  };
  await inside("npm", "install", "--offline", "--no-audit", "--no-fund", "--loglevel=error", tarball);
  return { folder, run: inside, remove: () => rm(folder, { recursive: true }) };
}
