import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { Tensor } from "../../../shared/tensors/tensor.ts";
import { storedTensors } from "../../../sidecar/dictionaries/finite.ts";
import { BUILT_IN_FORMATS, openDictionaries } from "../../../sidecar/dictionaries/open-dictionary.ts";
import { readStored } from "../../../sidecar/dictionaries/stored-tensor.ts";
import { measureTrust } from "../../../sidecar/dictionaries/trust.ts";
import { openModel } from "../../../sidecar/engine/process/open-model.ts";
import type { ModelEngine } from "../../../sidecar/engine/run/model-engine.ts";
import { openTokenizer } from "../../../sidecar/engine/tokens/open-tokenizer.ts";
import { writeSafetensors } from "../../../sidecar/files/safetensors.ts";

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

/** Prompts of the kind that the demo model and its dictionaries were trained on. */
async function ownPrompts(): Promise<number[][]> {
  const tokenizer = await openTokenizer(MODEL);
  const lines = (await readFile(join(MODEL, "../prompts/all.jsonl"), "utf8")).split("\n").slice(0, 240);
  const texts = lines.filter((_, i) => i % 20 === 0).map((line) => (JSON.parse(line) as { text: string }).text);
  return texts.map((text) => tokenizer.ledger([{ role: "user", text, segments: [] }]).ids);
}

test("on the prompts that it was made for a dictionary does what its files declare, and keeps nearly all of the loss", async () => {
  const trust = await measureTrust(engine, at(3), await ownPrompts(), OWN);
  expect(trust.reasons).toEqual([]);
  expect(trust.fvu).toBeLessThan(0.05);
  expect(trust.lossRecovered).toBeGreaterThan(0.9);
  expect(trust.lossRecovered).toBeLessThan(1.1);
});

test("a dictionary that stands at another place than its own is told which place that is", async () => {
  const prompts = await ownPrompts();
  const moved = await measureTrust(engine, { ...at(0), reads: "resid_post.7", writes: "resid_post.7" }, prompts, OWN);
  expect(moved.fvu).toBeGreaterThan(0.5);
  expect(moved.reasons[0]).toMatch(
    /^wrong hook point: it fits resid_(post\.0|pre\.1) \(0\.0\d+ unexplained\); it leaves [\d.]+ of the variance at resid_post\.7 unexplained, its files declare 0\.023$/,
  );
});

test("a dictionary in another measure than its own is told which one fits, whatever its files declare", async () => {
  const prompts = await ownPrompts();
  for (const declared of [at(3).declared, { model: null, fvu: null, l0: null }]) {
    const wrong: Dictionary = { ...at(3), declared, normalisation: { kind: "scale", factor: 0.05 } };
    const { reasons } = await measureTrust(engine, wrong, prompts, OWN);
    expect(reasons[0]).toMatch(/^wrong normalisation: it fits with "none" in place of "scale" by 0\.050/);
  }
});

test("a dictionary that scales by another factor than it was trained with is told which one fits", async () => {
  const prompts = await ownPrompts();
  const folder = await mkdtemp(join(tmpdir(), "refract-scaled-"));
  try {
    // The dictionary of layer 3 as it would be, had it been trained on activations of the mean length sqrt(d).
    const own = at(3);
    const lanes = prompts.map((ids) => ({ ids, edits: { rows: [], drops: [] } }));
    const { captures } = await engine.forward({
      lanes,
      captures: [{ at: own.reads, positions: "all" }],
      logits: "none",
    });
    const lengths = (captures[own.reads] ?? []).flatMap((rows) =>
      Array.from({ length: rows.length / own.dIn - 1 }, (_, p) =>
        Math.hypot(...rows.subarray((p + 1) * own.dIn, (p + 2) * own.dIn)),
      ),
    );
    const factor = Math.sqrt(own.dIn) / (lengths.reduce((sum, length) => sum + length, 0) / lengths.length);
    const sizes: Record<string, number> = { W_enc: 1 / factor, W_dec: factor, b_dec: factor };
    const tensors = new Map<string, Tensor>();
    for (const [name, stored] of storedTensors(own)) {
      const data = (await readStored(stored)).map((value) => value * (sizes[name] ?? 1));
      tensors.set(name, { dtype: "F32", shape: stored.shape, data });
    }
    await writeSafetensors(join(folder, "sae_weights.safetensors"), tensors);
    const cfg = JSON.parse(await readFile(join(own.path, "cfg.json"), "utf8")) as Record<string, unknown>;
    const config = { ...cfg, normalize_activations: "expected_average_only_in" };
    await writeFile(join(folder, "cfg.json"), JSON.stringify(config));
    const measured = async (used: number) => {
      await writeFile(join(folder, "activation_scaler.json"), JSON.stringify({ scaling_factor: used }));
      const [dictionary] = await openDictionaries(folder, BUILT_IN_FORMATS);
      if (dictionary === undefined) throw new Error("nothing was opened");
      return measureTrust(engine, dictionary, prompts, OWN);
    };
    expect((await measured(factor)).reasons).toEqual([]);
    const { reasons } = await measured(factor * 20);
    expect(reasons[0]).toMatch(/^wrong normalisation: it fits with "scale" by [\d.]+ in place of "scale" by [\d.]+/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("a dictionary of another model of the same width fits nowhere, and one of another width is not run", async () => {
  const prompts = await ownPrompts();
  // The encoder of another place read in the wrong order is as foreign as another model's.
  const shuffled: Dictionary = {
    ...at(3),
    W_enc: { ...at(3).W_enc, shape: [768, 192] },
    encoderTransposed: true,
    declared: { model: null, fvu: null, l0: null },
  };
  const foreign = await measureTrust(engine, shuffled, prompts, OWN);
  expect(foreign.reasons[0]).toMatch(
    /^wrong model: it leaves [\d.]+ of the variance at resid_post\.3 unexplained, and no/,
  );
  const wide = await measureTrust(engine, { ...at(3), dIn: 768 }, PROMPTS, OWN);
  expect(wide.reasons).toEqual([
    "wrong model: it reads 768 dimensions, the model has 192: it was made for another model",
  ]);
  expect(wide.fvu).toBeNaN();
});

test("a dictionary whose files name another model says so; a tuned form of the same model is no other", async () => {
  const named = (model: string): Dictionary => ({ ...at(3), declared: { model, fvu: null, l0: null } });
  const other = await measureTrust(engine, named("gpt2"), PROMPTS, OWN);
  expect(other.reasons.join()).toMatch(
    /wrong model: its files say that it was made for gpt2, the model is refract-demo/,
  );
  const tuned = await measureTrust(engine, named("some/Refract-Demo-it"), PROMPTS, OWN);
  expect(tuned.reasons.join()).not.toMatch(/made for/);
});

test("a doubled beginning of the sequence is named", async () => {
  const doubled = PROMPTS.map((ids) => [1, 1, ...ids]);
  const { reasons } = await measureTrust(engine, at(3), doubled, { ...OWN, bos: 1 });
  expect(reasons.join()).toMatch(/doubled BOS: 6 of 6 prompts begin with two beginning-of-sequence tokens/);
});

test("prompts of one token measure nothing, and that is no trust", async () => {
  const { reasons, positions } = await measureTrust(engine, at(3), [[100], [200]], OWN);
  expect(positions).toBe(0);
  expect(reasons).toEqual(["not measured: no prompt has a second token, and the first position is left out"]);
});
