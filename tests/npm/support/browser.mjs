/** Headless Chromium, and the sites that it visits. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium } from "playwright-core";
import { listen } from "../../support/net.mjs";

const FIND = fileURLToPath(new URL("../../../scripts/browser.sh", import.meta.url));
const TIMEOUT_MS = 30_000;
const MIME = { ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm", ".html": "text/html" };
// WebAssembly is compiled where a page may evaluate no text.
const POLICY = "default-src 'self'; script-src 'self' 'unsafe-inline' 'wasm-unsafe-eval'";

/**
 * Starts the Chromium of this machine.
 *
 * @returns {Promise<{ printed: (url: string, start: string) => Promise<string>, stop: () => Promise<void> }>} `printed` opens
 *   a page and gives the first message on its console with that start; an error of the page is thrown.
 */
export async function startBrowser() {
  const [executablePath] = (await promisify(execFile)(FIND)).stdout.split("\n");
  const browser = await chromium.launch({ executablePath });
  return { printed: (url, start) => printed(browser, url, start), stop: () => browser.close() };
}

async function printed(browser, url, start) {
  const page = await browser.newPage();
  const said = [];
  page.on("console", (message) => said.push(message.text()));
  try {
    const wanted = page.waitForEvent("console", { predicate: (message) => message.text().startsWith(start), timeout: TIMEOUT_MS });
    const broken = new Promise((_, reject) => page.once("pageerror", reject));
    const [message] = await Promise.all([Promise.race([wanted, broken]), page.goto(url)]);
    return message.text();
  } catch (error) {
    throw new Error(`${url}: ${error.message}\n${said.join("\n")}`, { cause: error });
  } finally {
    await page.close();
  }
}

/**
 * Starts a site. It answers for the API `api` too, which lets no other origin in.
 *
 * @param {string} api
 * @returns {Promise<{ url: string, show: (folder: string, html?: string) => void, stop: () => Promise<void> }>} `show` tells
 *   what is served, with `html` as the front page.
 */
export async function startSite(api) {
  let shown;
  const server = await listen(async ({ method, path, headers, body }) => {
    if (path.startsWith("/v2/")) return forward(api + path, { method, headers, body });
    if (path === "/" && shown.html !== undefined) return file(".html", shown.html);
    const name = path === "/" ? "/index.html" : decodeURIComponent(path);
    return file(extname(name), await readFile(join(shown.folder, name)));
  });
  return { url: server.url, show: (folder, html) => (shown = { folder, html }), stop: server.stop };
}

const file = (extension, body) => ({
  headers: { "content-type": MIME[extension] ?? "text/plain", "content-security-policy": POLICY },
  body,
});

async function forward(url, { method, headers, body }) {
  const kept = Object.entries(headers).filter(([name]) => /^(authorization|content-type|upstash-.*)$/.test(name));
  const response = await fetch(url, { method, headers: kept, body: body === "" ? undefined : body });
  const type = response.headers.get("content-type") ?? "application/json";
  return { status: response.status, headers: { "content-type": type }, body: await response.text() };
}
