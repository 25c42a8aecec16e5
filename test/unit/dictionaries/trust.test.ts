import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import { BUILT_IN_FORMATS, openDictionaries } from "../../../sidecar/dictionaries/open-dictionary.ts";
import { measureTrust } from "../../../sidecar/dictionaries/trust.ts";
import { openModel } from "../../../sidecar/engine/process/open-model.ts";
import type { ModelEngine } from "../../../sidecar/engine/run/model-engine.ts";
import { openTokenizer } from "../../../sidecar/engine/tokens/open-tokenizer.ts";

const MODEL = join(import.meta.dirname, "../../../extension/samples/model");
/** Ids of words; what they say is not asked. */
const PROMPTS = Array.from({ length: 6 }, (_, i) =>
  Array.from({ length: 14 }, (_, p) => 100 + ((37 * i + 11 * p) % 900)),
);
const OWN = { bos: null, model: "refract-demo" };

let engine: ModelEngine;
let suite: Dictionary[] = [];

beforeAll(async () => {
  engine = await openModel({ path: MODEL, provider: "cpu", threads: 1, blocks: null, checkedFolder: null });
  suite = await openDictionaries(join(MODEL, "dictionaries"), BUILT_IN_FORMATS);
}, 60_000);
afterAll(() => engine.close());

function at(layer: number): Dictionary {
  const found = suite.find(({ reads }) => reads === `resid_post.${layer}`);
  if (found === undefined) throw new Error(`the demo model has no dictionary at layer ${layer}`);
  return found;
}

test("on the prompts that it was made for a dictionary does what its files declare, and keeps nearly all of the loss", async () => {
  const tokenizer = await openTokenizer(MODEL);
  const lines = (await readFile(join(MODEL, "../prompts/all.jsonl"), "utf8")).split("\n").slice(0, 240);
  const texts = lines.filter((_, i) => i % 20 === 0).map((line) => (JSON.parse(line) as { text: string }).text);
  const prompts = texts.map((text) => tokenizer.ledger([{ role: "user", text, segments: [] }]).ids);
  const trust = await measureTrust(engine, at(3), prompts, OWN);
  expect(trust.reasons).toEqual([]);
  expect(trust.fvu).toBeLessThan(0.05);
  expect(trust.lossRecovered).toBeGreaterThan(0.9);
  expect(trust.lossRecovered).toBeLessThan(1.1);
});

test("a dictionary at another place than its own leaves more unexplained than the mean would, and says so", async () => {
  const here = await measureTrust(engine, at(0), PROMPTS, OWN);
  const moved = await measureTrust(engine, { ...at(0), reads: "resid_post.7", writes: "resid_post.7" }, PROMPTS, OWN);
  expect(here.positions).toBe(6 * 13);
  expect(moved.fvu).toBeGreaterThan(here.fvu);
  expect(moved.reasons.join()).toMatch(/of the variance/);
});

test("a dictionary in another measure is named", async () => {
  const wrong: Dictionary = { ...at(3), normalisation: { kind: "layer-norm" } };
  expect((await measureTrust(engine, wrong, PROMPTS, OWN)).reasons.join()).toMatch(/unexplained|features fire/);
});

test("a dictionary of another model is named, and one of other dimensions is not run", async () => {
  const named = await measureTrust(
    engine,
    { ...at(3), declared: { model: "gpt2", fvu: null, l0: null } },
    PROMPTS,
    OWN,
  );
  expect(named.reasons.join()).toMatch(/made for gpt2, the model is refract-demo/);
  const foreign = await measureTrust(engine, { ...at(3), dIn: 768 }, PROMPTS, OWN);
  expect(foreign.reasons).toEqual(["it reads 768 dimensions, the model has 192: it was made for another model"]);
});

test("a doubled beginning of the sequence is named", async () => {
  const doubled = PROMPTS.map((ids) => [1, 1, ...ids]);
  const { reasons } = await measureTrust(engine, at(3), doubled, { ...OWN, bos: 1 });
  expect(reasons.join()).toMatch(/6 of 6 prompts begin with two beginning-of-sequence tokens/);
});
