import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LaneEdits } from "../../../shared/engine/slot-row.ts";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import { featureVectors } from "../../../sidecar/dictionaries/feature-vectors.ts";
import { BUILT_IN_FORMATS, openDictionaries } from "../../../sidecar/dictionaries/open-dictionary.ts";
import { dictionaryRows, type FeatureChange } from "../../../sidecar/edits/dictionary-rows.ts";
import { openModel } from "../../../sidecar/engine/process/open-model.ts";
import type { ModelEngine } from "../../../sidecar/engine/run/model-engine.ts";
import { writeSafetensors } from "../../../sidecar/files/safetensors.ts";
import { seeded } from "../../../sidecar/statistics/random.ts";

const AT = "resid_post.1";
const IDS = [5, 6, 7, 8, 9, 10];
const FEATURES = 96;
const NO_EDITS: LaneEdits = { rows: [], drops: [] };

let engine: ModelEngine;
let folder = "";
let stream = new Float32Array();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "refract-dictionary-edits-"));
  const path = join(import.meta.dirname, "../../fixtures/models/llama/genai-fp32");
  engine = await openModel({ path, provider: "cpu", threads: 1, blocks: null, checkedFolder: null });
  stream = await captured(NO_EDITS);
});
afterAll(async () => {
  await engine.close();
  await rm(folder, { recursive: true, force: true });
});

async function captured(edits: LaneEdits, others: LaneEdits[] = []): Promise<Float32Array<ArrayBuffer>> {
  const lanes = [edits, ...others].map((own) => ({ ids: IDS, edits: own }));
  const result = await engine.forward({ lanes, captures: [{ at: AT, positions: "all" }], logits: "none" });
  return Float32Array.from(result.captures[AT]?.[0] ?? []);
}

/** A SAELens dictionary with random weights. */
async function dictionary(name: string, config: Record<string, unknown>): Promise<Dictionary> {
  const d = engine.model.dModel;
  const random = seeded(11, name);
  const tensor = (shape: number[], size: number) => ({
    dtype: "F32" as const,
    shape,
    data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal() * size),
  });
  const own = join(folder, name);
  await mkdir(own, { recursive: true });
  const gated = config.architecture === "gated";
  const biases = gated ? ["b_gate", "r_mag", "b_mag"] : ["b_enc"];
  await writeSafetensors(
    join(own, "sae_weights.safetensors"),
    new Map([
      ["W_enc", tensor([d, FEATURES], 0.3)],
      ["W_dec", tensor([FEATURES, d], 0.3)],
      ["b_dec", tensor([d], 0.2)],
      ...biases.map((bias) => [bias, tensor([FEATURES], 0.2)] as const),
    ]),
  );
  const hook = { d_in: d, d_sae: FEATURES, hook_name: "blocks.1.hook_resid_post" };
  await writeFile(join(own, "cfg.json"), JSON.stringify({ ...hook, ...config }));
  const [opened] = await openDictionaries(own, BUILT_IN_FORMATS);
  if (opened === undefined) throw new Error("nothing was opened");
  return opened;
}

const KINDS: [string, Record<string, unknown>][] = [
  ["standard", { architecture: "standard" }],
  ["gated", { architecture: "gated" }],
  ["topk", { architecture: "topk", k: 7 }],
  ["topk-rescaled", { architecture: "topk", k: 7, rescale_acts_by_decoder_norm: true }],
  ["layer-norm", { architecture: "standard", normalize_activations: "layer_norm" }],
  ["topk-layer-norm", { architecture: "topk", k: 7, normalize_activations: "layer_norm" }],
  ["constant-norm", { architecture: "standard", normalize_activations: "constant_norm_rescale" }],
];

describe.each(KINDS)("%s", (name, config) => {
  async function setUp() {
    const own = await dictionary(name, config);
    const wanted = Array.from({ length: FEATURES }, (_, j) => j);
    const made = await engine.encode({
      dictionary: own,
      activations: stream,
      top: 1,
      features: wanted,
      active: false,
      statistics: false,
      reconstruct: true,
    });
    // A feature that fires at some positions and not at others.
    const counts = wanted.map((j) => IDS.filter((_, p) => (made.chosen[p * FEATURES + j] as number) > 0).length);
    const feature = counts.findIndex((count) => count > 0 && count < IDS.length);
    expect(feature).toBeGreaterThanOrEqual(0);
    return { own, made, feature };
  }

  const place = { at: AT, positions: "all", edit: 0 } as const;

  /** n of each position: what an activation's effect is multiplied by on its way to the stream. */
  function measures(own: Dictionary): number[] {
    const d = engine.model.dModel;
    return IDS.map((_, p) => {
      const x = stream.subarray(p * d, (p + 1) * d);
      if (own.normalisation.kind === "constant-norm") return Math.hypot(...x) / Math.sqrt(d);
      if (own.normalisation.kind !== "layer-norm") return 1;
      const mean = x.reduce((sum, value) => sum + value, 0) / d;
      return Math.hypot(...x.map((value) => value - mean)) / Math.sqrt(d - 1);
    });
  }

  function furthest(found: Float32Array, wanted: (p: number, i: number) => number): number {
    const d = engine.model.dModel;
    let worst = 0;
    for (const p of IDS.keys()) {
      const size = Math.max(1, Math.hypot(...stream.subarray(p * d, (p + 1) * d)) / Math.sqrt(d));
      for (let i = 0; i < d; i++) worst = Math.max(worst, Math.abs((found[p * d + i] as number) - wanted(p, i)) / size);
    }
    return worst;
  }

  test("a clamp with the error kept adds the difference of the two reconstructions, and nothing else", async () => {
    const { own, made, feature } = await setUp();
    const [{ v } = { v: new Float32Array() }] = await featureVectors(own, [feature]);
    const n = measures(own);
    const change: FeatureChange = { feature, change: { kind: "clamp", value: 5 } };
    const d = engine.model.dModel;
    const found = await captured(await dictionaryRows(own, [change], "keep", place));
    const wanted = (p: number, i: number) =>
      (stream[p * d + i] as number) +
      (5 - (made.chosen[p * FEATURES + feature] as number)) * (n[p] as number) * (v[i] as number);
    expect(furthest(found, wanted)).toBeLessThan(1e-4);
    // Beside a lane with another change the lane is the same.
    const other = await dictionaryRows(
      own,
      [{ feature: (feature + 1) % FEATURES, change: { kind: "scale", factor: 0 } }],
      "keep",
      place,
    );
    expect(furthest(await captured(await dictionaryRows(own, [change], "keep", place), [other]), wanted)).toBeLessThan(
      1e-4,
    );
  });

  test("scaling a feature by 1 changes nothing", async () => {
    const { own, feature } = await setUp();
    const change: FeatureChange = { feature, change: { kind: "scale", factor: 1 } };
    const d = engine.model.dModel;
    const found = await captured(await dictionaryRows(own, [change], "keep", place));
    expect(furthest(found, (p, i) => stream[p * d + i] as number)).toBeLessThan(1e-5);
  });

  test("clamping a feature to its own value, where it fires and where it does not, changes nothing", async () => {
    const { own, made, feature } = await setUp();
    const d = engine.model.dModel;
    for (const p of IDS.keys()) {
      const change: FeatureChange = {
        feature,
        change: { kind: "clamp", value: made.chosen[p * FEATURES + feature] as number },
      };
      const found = await captured(await dictionaryRows(own, [change], "keep", { ...place, positions: [p] }));
      expect(furthest(found, (at, i) => stream[at * d + i] as number)).toBeLessThan(1e-5);
    }
  });

  test("a dropped error leaves the reconstruction", async () => {
    const { own, made, feature } = await setUp();
    const change: FeatureChange = { feature, change: { kind: "scale", factor: 1 } };
    const d = engine.model.dModel;
    const found = await captured(await dictionaryRows(own, [change], "drop", place));
    expect(furthest(found, (p, i) => made.reconstruction[p * d + i] as number)).toBeLessThan(1e-4);
  });

  test("two edits of one dictionary at one place add up", async () => {
    const { own, made, feature } = await setUp();
    const second = (feature + 3) % FEATURES;
    const both = await featureVectors(own, [feature, second]);
    const n = measures(own);
    const edits = [feature, second].map((j, edit) =>
      dictionaryRows(own, [{ feature: j, change: { kind: "scale", factor: 0 } }], "keep", { ...place, edit }),
    );
    const rows = (await Promise.all(edits)).flatMap((one) => one.rows);
    const d = engine.model.dModel;
    const found = await captured({ rows, drops: [] });
    const f = (p: number, j: number) => made.chosen[p * FEATURES + j] as number;
    const wanted = (p: number, i: number) =>
      (stream[p * d + i] as number) -
      [feature, second].reduce((sum, j, at) => sum + f(p, j) * (n[p] as number) * (both[at]?.v[i] as number), 0);
    expect(furthest(found, wanted)).toBeLessThan(1e-4);
  });
});

test("decoder rows of uneven length: the feature whose write is largest wins where the file says so, else the largest reading", async () => {
  const d = engine.model.dModel;
  const own = join(folder, "uneven");
  const write = async (rescale: boolean) => {
    const target = `${own}-${rescale}`;
    await mkdir(target, { recursive: true });
    const zeros = (...shape: number[]) => ({
      dtype: "F32" as const,
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
    });
    const W_dec = zeros(4, d);
    for (const [j, size] of [1, 3, 1, 1].entries()) W_dec.data[j * d + j] = size;
    const b_enc = zeros(4);
    b_enc.data.set([2, 1, 0, 0]);
    const weights = new Map([
      ["W_enc", zeros(d, 4)],
      ["b_enc", b_enc],
      ["W_dec", W_dec],
      ["b_dec", zeros(d)],
    ]);
    await writeSafetensors(join(target, "sae_weights.safetensors"), weights);
    const config = {
      architecture: "topk",
      k: 1,
      d_in: d,
      d_sae: 4,
      hook_name: "blocks.1.hook_resid_post",
      rescale_acts_by_decoder_norm: rescale,
    };
    await writeFile(join(target, "cfg.json"), JSON.stringify(config));
    const [opened] = await openDictionaries(target, BUILT_IN_FORMATS);
    if (opened === undefined) throw new Error("nothing was opened");
    const change: FeatureChange = { feature: 3, change: { kind: "scale", factor: 1 } };
    return captured(await dictionaryRows(opened, [change], "drop", { at: AT, positions: "all", edit: 0 }));
  };
  // 1·3 > 2·1: feature 1 wins and writes 1·3 along its axis; without the key feature 0 writes 2·1.
  expect([...(await write(true)).subarray(0, 3)]).toEqual([0, 3, 0].map((value) => expect.closeTo(value, 5)));
  expect([...(await write(false)).subarray(0, 3)]).toEqual([2, 0, 0].map((value) => expect.closeTo(value, 5)));
});
