/**
 * A strict reader of Prometheus' text format 0.0.4, by its documentation ("Exposition formats"): it throws where a scrape would fail
 * or warn.
 */
import assert from "node:assert/strict";

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\d+(?:\.\d+)?(?:e[+-]?\d+)?|NaN|[+-]Inf)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;

/**
 * @param {string} text
 * @returns {Map<string, { type: string, help: string, samples: Map<string, number> }>} Samples by their labels: `outcome=parked,reason=rule`.
 */
export function readMetrics(text) {
  assert.ok(text.endsWith("\n"), "the last line ends with a line feed");
  const families = new Map();
  let current;
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line);
    if (comment) {
      const [, what, name, words] = comment;
      assert.match(name, NAME);
      if (what === "HELP") {
        assert.ok(!families.has(name), `${name} comes twice`);
        assert.doesNotMatch(words, /\\(?![\\n])/);
        current = { name, help: words, type: undefined, samples: new Map() };
        families.set(name, current);
      } else {
        assert.equal(name, current?.name, "TYPE follows HELP");
        assert.equal(current.type, undefined, `${name} has one TYPE`);
        assert.equal(current.samples.size, 0, "TYPE comes before samples");
        assert.match(words, /^(counter|gauge)$/);
        current.type = words;
      }
      continue;
    }
    const sample = SAMPLE.exec(line);
    assert.ok(sample, `neither comment nor sample: ${line}`);
    const [, name, labels, value] = sample;
    assert.equal(name, current?.name, "samples stand under their own HELP and TYPE");
    const key = readLabels(labels ?? "");
    assert.ok(!current.samples.has(key), `${name}{${key}} comes twice`);
    current.samples.set(key, Number(value));
  }
  for (const [name, { type, samples }] of families) {
    assert.ok(type, `${name} has a type`);
    if (type === "counter") assert.match(name, /_total$/);
    const shapes = new Set([...samples.keys()].map((key) => key.replaceAll(/=[^,]*/g, "")));
    assert.ok(shapes.size <= 1, `all samples of ${name} have the same labels`);
  }
  return families;
}

function readLabels(text) {
  const labels = [];
  for (let rest = text; rest !== ""; ) {
    const label = LABEL.exec(rest);
    assert.ok(label, `no label: ${rest}`);
    labels.push([label[1], label[2]]);
    rest = rest.slice(label[0].length);
  }
  assert.equal(new Set(labels.map(([name]) => name)).size, labels.length, "each label once");
  return labels.map(([name, value]) => `${name}=${value}`).join(",");
}
