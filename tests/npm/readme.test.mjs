/** The README's snippets run as they stand. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { startLocalQstash } from "../support/local-qstash.mjs";
import { signToken } from "../support/sign.mjs";
import { pack, project } from "./support/project.mjs";

const readme = await readFile(new URL("../../pkg/README.md", import.meta.url), "utf8");
const snippets = [...readme.matchAll(/```js\n([\s\S]*?)```/g)].map(([, code]) => code);
let qstash;
let packed;
before(async () => ([qstash, packed] = await Promise.all([startLocalQstash(), pack()])));
after(() => Promise.all([qstash.stop(), packed.remove()]));

test("every snippet runs as a module, and what it exports does what is said", async (t) => {
  const url = "https://app.example/failed";
  const { dlqId } = await qstash.plant();
  await qstash.plant({ count: 3, labels: ["orders"] });
  const signature = signToken({ key: qstash.currentKey, url, body: "body" });
  const environment = {
    QSTASH_TOKEN: qstash.token,
    QSTASH_URL: qstash.url,
    QSTASH_CURRENT_SIGNING_KEY: qstash.currentKey,
    QSTASH_NEXT_SIGNING_KEY: qstash.nextKey,
  };
  const main = `
    Object.assign(process.env, ${JSON.stringify(environment)});
    const all = {};
    for (const index of [${Object.keys(snippets)}]) Object.assign(all, await import(\`./snippet\${index}.mjs\`));
    const request = new Request("${url}", { headers: { "Upstash-Signature": "${signature}" } });
    console.warn = () => {};
    console.error = () => {};
    console.log(JSON.stringify([
      (await all.POST(new Request("${url}", { method: "POST" }))).status,
      await all.isFromQStash(request, "body"),
      await all.isFromQStash(request, "other"),
      (await all.resume("${dlqId}")).slice(0, 4),
      await all.resumeOrders(),
      all.decision.action,
    ]));`;
  const files = Object.fromEntries(snippets.map((code, index) => [`snippet${index}.mjs`, code]));
  const { run, remove } = await project(packed.tarball, { ...files, "main.mjs": main });
  t.after(remove);
  const printed = (await run("node", "main.mjs")).trim().split("\n").at(-1);
  assert.deepEqual(JSON.parse(printed), [401, true, false, "wfr_", 3, "resume"]);
});
