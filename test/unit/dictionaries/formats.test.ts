import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import { allFeatureVectors, decoderBias } from "../../../sidecar/dictionaries/feature-vectors.ts";
import { BUILT_IN_FORMATS, openDictionaries } from "../../../sidecar/dictionaries/open-dictionary.ts";
import { encode } from "../../../sidecar/engine/dictionary/encode.ts";
import { EncoderSessions } from "../../../sidecar/engine/dictionary/encoder-sessions.ts";
import { readSafetensorsFloats, readSafetensorsHeader } from "../../../sidecar/files/safetensors.ts";

/** What each library's own files are and what it computes from them: see test/reference/dictionaries/make.py. */
const FIXTURES = join(import.meta.dirname, "../../fixtures/dictionaries");
const CLOSE = 1e-4;

const names = await readdir(FIXTURES);
const sessions = new EncoderSessions({ provider: "cpu", threads: 1 }, 2 ** 26);
let cache = "";

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "refract-dictionaries-"));
  process.env.REFRACT_CACHE = join(cache, "cache");
});
afterAll(async () => {
  delete process.env.REFRACT_CACHE;
  await sessions.release();
  await rm(cache, { recursive: true, force: true });
});

async function expected(name: string) {
  const header = await readSafetensorsHeader(join(FIXTURES, name, "expected.safetensors"));
  const read = async (tensor: string) => (await readSafetensorsFloats(header, tensor)).data;
  return { x: await read("x"), acts: await read("acts"), recon: await read("recon") };
}

async function open(name: string): Promise<Dictionary> {
  const opened = await openDictionaries(join(FIXTURES, name), BUILT_IN_FORMATS);
  expect(opened).toHaveLength(1);
  return opened[0] as Dictionary;
}

/** The largest difference, in units of the values' own size where that is above 1. */
function difference(found: Float32Array, wanted: Float32Array, width: number): number {
  expect(found.length).toBe(wanted.length);
  let worst = 0;
  for (let row = 0; row < wanted.length; row += width) {
    const own = wanted.subarray(row, row + width);
    const size = Math.max(1, ...own.map(Math.abs));
    for (const [i, value] of own.entries())
      worst = Math.max(worst, Math.abs((found[row + i] as number) - value) / size);
  }
  return worst;
}

describe.each(names)("%s", (name) => {
  test("gives the library's activations and reconstructions", async () => {
    const dictionary = await open(name);
    const { x, acts, recon } = await expected(name);
    const features = Array.from({ length: dictionary.features }, (_, j) => j);
    const made = await encode(
      sessions,
      { dictionary, activations: x, top: 3, features, active: true, statistics: true, reconstruct: true },
      {},
    );
    expect(difference(made.chosen, acts, dictionary.features)).toBeLessThan(CLOSE);
    expect(difference(made.reconstruction, recon, dictionary.dOut)).toBeLessThan(CLOSE);
    const rows = x.length / dictionary.dIn;
    for (let row = 0; row < rows; row++) {
      const own = acts.subarray(row * dictionary.features, (row + 1) * dictionary.features);
      expect(made.active[row]).toBe(own.filter((value) => value > 0).length);
      const largest = [...own].sort((a, b) => b - a).slice(0, 3);
      expect(
        difference(made.topActivations.subarray(row * 3, row * 3 + 3), Float32Array.from(largest), 3),
      ).toBeLessThan(CLOSE);
      const [first = -1] = made.topFeatures.subarray(row * 3);
      expect(own[first]).toBeCloseTo(largest[0] ?? 0, 3);
    }
    expect(made.fired.reduce((sum, n) => sum + n, 0)).toBe(acts.filter((value) => value > 0).length);
  });

  test("reads where its files say", async () => {
    const dictionary = await open(name);
    expect(dictionary.writes).toBe("resid_post.1");
    expect(dictionary.reads).toBe(name === "saelens-transcoder" ? "resid_mid.1" : "resid_post.1");
    expect(dictionary.warnings).toEqual([]);
  });
});

const ONE_ROW = names.filter(
  (name) => !/topk|TopK$|sparsify|-norm|transcoder/.test(name) || /batchtopk|BatchTopK/.test(name),
);

test.each(ONE_ROW)("the rows that edits use give the same activations and reconstructions: %s", async (name) => {
  const dictionary = await open(name);
  const { x, acts, recon } = await expected(name);
  const { dIn, features, normalisation } = dictionary;
  const factor = normalisation.kind === "scale" ? normalisation.factor : 1;
  const vectors = await allFeatureVectors(dictionary);
  const bias = await decoderBias(dictionary);
  for (let row = 0; row < x.length / dIn; row++) {
    const input = x.subarray(row * dIn, (row + 1) * dIn);
    const out = Float64Array.from(bias);
    const found = Float32Array.from(vectors, ({ u, b, theta, v }) => {
      const z = factor * u.reduce((sum, value, i) => sum + value * (input[i] as number), 0) + b;
      const f = z > theta ? z : 0;
      for (const [i, value] of v.entries()) out[i] = (out[i] as number) + f * value;
      return f;
    });
    expect(difference(found, acts.subarray(row * features, (row + 1) * features), features)).toBeLessThan(CLOSE);
    const restored = Float32Array.from(out, (value) => value / factor);
    expect(difference(restored, recon.subarray(row * dIn, (row + 1) * dIn), dIn)).toBeLessThan(CLOSE);
  }
});

describe("a dictionary that cannot be read", () => {
  async function copy(name: string): Promise<string> {
    const folder = await mkdtemp(join(cache, "copy-"));
    await cp(join(FIXTURES, name), folder, { recursive: true });
    return folder;
  }
  const opening = (folder: string) => openDictionaries(folder, BUILT_IN_FORMATS);

  test("is refused where its weights are cut short", async () => {
    const folder = await copy("saelens-standard");
    await truncate(join(folder, "sae_weights.safetensors"), 3000);
    await expect(opening(folder)).rejects.toThrow(/sae_weights\.safetensors: the file is torn/);
    const npz = await copy("gemma-scope");
    await truncate(join(npz, "layer_1/width_40/average_l0_12/params.npz"), 3000);
    await expect(opening(npz)).rejects.toThrow(/params\.npz: is not a zip archive or is torn/);
    const archive = await copy("dictionary-learning-AutoEncoder");
    await truncate(join(archive, "trainer_0/ae.pt"), 3000);
    await expect(opening(archive)).rejects.toThrow(/ae\.pt: is not a zip archive or is torn/);
  });

  test("is refused where a shape is not what its configuration says", async () => {
    const folder = await copy("saelens-jumprelu-fp16");
    const config = JSON.parse(await readFile(join(folder, "cfg.json"), "utf8")) as Record<string, unknown>;
    await writeFile(join(folder, "cfg.json"), JSON.stringify({ ...config, d_sae: 41 }));
    await expect(opening(folder)).rejects.toThrow(/tensor "W_enc" has shape \[16, 40\], expected \[16, 41\]/);
  });

  test("is refused, with the tensor's name, where it holds NaN", async () => {
    const folder = await copy("saelens-standard");
    const path = join(folder, "sae_weights.safetensors");
    const header = await readSafetensorsHeader(path);
    const bytes = await readFile(path);
    bytes.writeFloatLE(Number.NaN, (header.entries.get("W_dec")?.offset ?? 0) + 20);
    await writeFile(path, bytes);
    await expect(opening(folder)).rejects.toThrow(/tensor "W_dec" holds NaN or an infinity \(value 5 of 640\)/);
  });

  test("is refused where it was trained on scaled activations and the factor is nowhere", async () => {
    const folder = await copy("saelens-scaled");
    await rm(join(folder, "activation_scaler.json"));
    await expect(opening(folder)).rejects.toThrow(
      /cfg\.json: normalize_activations is "expected_average_only_in", but there is no scaling_factor/,
    );
  });

  test.each([0, -1, "1.5", null])("is refused where that factor is %j", async (factor) => {
    const folder = await copy("saelens-scaled");
    await writeFile(join(folder, "activation_scaler.json"), JSON.stringify({ scaling_factor: factor }));
    await expect(opening(folder)).rejects.toThrow(/activation_scaler\.json: scaling_factor: expected a number/);
  });

  test("is refused where the norm that Llama Scope scales by is missing or is none", async () => {
    const folder = await copy("llama-scope");
    const path = join(folder, "hyperparams.json");
    const config = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
    for (const norms of [{}, { in: 0, out: 9 }]) {
      await writeFile(path, JSON.stringify({ ...config, dataset_average_activation_norm: norms }));
      await expect(opening(folder)).rejects.toThrow(/hyperparams\.json: .*in: expected a number/);
    }
  });

  test("warns of a key that is not understood", async () => {
    const folder = await copy("saelens-standard");
    const config = JSON.parse(await readFile(join(folder, "cfg.json"), "utf8")) as Record<string, unknown>;
    await writeFile(join(folder, "cfg.json"), JSON.stringify({ ...config, novel_gate: true }));
    const [dictionary] = await opening(folder);
    expect(dictionary?.warnings).toEqual([expect.stringMatching(/the key "novel_gate" is not understood/)]);
  });

  test("never runs code that a PyTorch file names", async () => {
    const folder = await copy("dictionary-learning-AutoEncoder");
    const path = join(folder, "trainer_0/ae.pt");
    const bytes = await readFile(path);
    const at = bytes.indexOf("torch._utils\n_rebuild_tensor_v2");
    bytes.write("posix_module\n_system_call_here", at, "latin1");
    await writeFile(path, bytes);
    await expect(opening(folder)).rejects.toThrow(/ae\.pt: data\.pkl calls "posix_module _system_call_here/);
  });
});

test("a folder of several dictionaries is a suite in the order of their layers, with gaps", async () => {
  const folder = await mkdtemp(join(cache, "suite-"));
  for (const layer of [31, 9, 20]) {
    await cp(join(FIXTURES, "gemma-scope/layer_1"), join(folder, `layer_${layer}`), { recursive: true });
  }
  const suite = await openDictionaries(folder, BUILT_IN_FORMATS);
  expect(suite.map(({ reads }) => reads)).toEqual(["resid_post.9", "resid_post.20", "resid_post.31"]);
  expect(suite.map(({ declared }) => declared.l0)).toEqual([12, 12, 12]);
});

test("releases the least recently used encoder where the budget is spent", async () => {
  const small = new EncoderSessions({ provider: "cpu", threads: 1 }, 3000);
  const outputs = { top: true, chosen: false, active: false, statistics: false, reconstruction: false };
  const first = await open("saelens-standard");
  const session = await small.get(first, outputs);
  expect(await small.get(first, outputs)).toBe(session);
  await small.get(await open("saelens-gated"), outputs);
  expect(await small.get(first, outputs)).not.toBe(session);
  await small.release();
});

test("gives back at once what a smaller budget has no room for", async () => {
  const held = new EncoderSessions({ provider: "cpu", threads: 1 }, 2 ** 20);
  const outputs = { top: true, chosen: false, active: false, statistics: false, reconstruction: false };
  const [first, second] = [await open("saelens-standard"), await open("saelens-gated")];
  const older = await held.get(first, outputs);
  const newer = await held.get(second, outputs);
  await held.setBudget(3000);
  expect(await held.get(second, outputs)).toBe(newer);
  expect(await held.get(first, outputs)).not.toBe(older);
  await held.release();
});
