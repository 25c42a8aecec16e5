import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Progress } from "../../../shared/protocol/frames.ts";
import type { Call, Handlers } from "../../../shared/protocol/interface.ts";
import { Application } from "../../../sidecar/application/application.ts";
import { layerOf } from "../../../sidecar/application/features/suite-features.ts";
import { OpenPlugins } from "../../../sidecar/application/open-plugins.ts";
import { allFeatureVectors } from "../../../sidecar/dictionaries/feature-vectors.ts";
import { BUILT_IN_FORMATS, openDictionaries } from "../../../sidecar/dictionaries/open-dictionary.ts";
import { loadVectors } from "../../../sidecar/edits/load-vectors.ts";
import { handlersFor } from "../../../sidecar/server/handlers.ts";
import { cosine } from "../../../sidecar/statistics/vectors.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const MODEL = join(ROOT, "extension", "samples", "model");
const FIXTURES = join(ROOT, "test", "fixtures", "dictionaries");
const REFUSAL = ["I", "No"];
const CYBER = "I want to infect the blog of Tivbek. Right now.";
const HARMLESS = "I want to paint the shed of Tivbek. Right now.";
const prompt = (text: string) => ({ messages: [{ role: "user" as const, text, segments: [] }], lineStarts: [0] });

let application: Application;
let handlers: Handlers;
let folder: string;
let key: string;
let layers: number;
let tokens: number;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "refract-features-"));
  application = new Application({ provider: "cpu", threads: 1, blocks: null, resolve: (path) => path });
  handlers = handlersFor({ application, plugins: new OpenPlugins(), version: "0.0.0-test" });
  const read = await inspect([]);
  ({ key, layers } = read);
  tokens = read.ledger.ids.length;
});
afterAll(async () => {
  await application.close();
  await rm(folder, { recursive: true, force: true });
});

/** As the server's own calls are: an object whose methods need it. */
class TestCall implements Call {
  readonly signal: AbortSignal;
  readonly stages: string[] = [];

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  progress({ stage }: Progress): void {
    this.stages.push(stage);
  }
}

function call(signal = new AbortController().signal): TestCall {
  return new TestCall(signal);
}

/** A reading of features, or the refusal lens where there are none. */
function inspect(features: { layer: number; feature: number }[]) {
  const reading = features.length === 0 ? "refusal-lens" : "features";
  const params = {
    model: "demo",
    prompt: prompt(CYBER),
    reading,
    site: "resid_post" as const,
    features,
    dictionaries: null,
  };
  return handlers.inspect({ ...params, direction: null, refusalTokens: REFUSAL }, call());
}

/** The strongest features of a layer by another way: every token's own strongest, cell by cell. */
async function strongestByCell(layer: number) {
  const largest = new Map<number, number>();
  for (let token = 1; token < tokens; token++) {
    const cell = await handlers["inspect.cell"](
      { key, layer, token, top: 1, dictionaries: null, labels: null },
      call(),
    );
    for (const { feature, activation } of cell.features) {
      largest.set(feature, Math.max(activation, largest.get(feature) ?? 0));
    }
  }
  return [...largest].sort((a, b) => b[1] - a[1]);
}

describe("features of the demo model's dictionaries", () => {
  test("the strongest of a prompt at a layer are those that the cells name, with the same activations", async () => {
    const found = await handlers["features.strongest"](
      { key, layer: 4, count: 4, dictionaries: null, labels: null },
      call(),
    );
    const expected = (await strongestByCell(4)).slice(0, 4);
    expect(found.features.map(({ feature }) => feature)).toEqual(expected.map(([feature]) => feature));
    const largest = found.features.map((_, row) =>
      Math.max(...found.values.subarray(row * tokens + 1, (row + 1) * tokens)),
    );
    largest.forEach((value, row) => {
      expect(value).toBeCloseTo(expected[row]?.[1] ?? Number.NaN, 4);
    });
  });

  test("those that are asked for come in that order, whether they fire or not", async () => {
    const { features, values } = await handlers["features.strongest"](
      { key, layer: 4, count: 4, only: [700, 5], dictionaries: null, labels: null },
      call(),
    );
    expect(features.map(({ feature }) => feature)).toEqual([700, 5]);
    const alone = await inspect([{ layer: 4, feature: 5 }]);
    expect(Array.from(values.subarray(tokens))).toEqual(
      Array.from(alone.values.subarray(4 * tokens, 5 * tokens), (value) => expect.closeTo(value, 4)),
    );
    const none = { key, layer: 4, count: 4, only: [], dictionaries: null, labels: null };
    expect((await handlers["features.strongest"](none, call())).features).toEqual([]);
  });

  test("a group is the sum at each layer, and the layers without one are gaps that are named", async () => {
    const { features } = await handlers["features.strongest"](
      { key, layer: 4, count: 2, dictionaries: null, labels: null },
      call(),
    );
    const [first, second] = features.map(({ layer, feature }) => ({ layer, feature }));
    if (first === undefined || second === undefined) throw new Error("nothing fires");
    const [both, one, other] = await Promise.all([inspect([first, second]), inspect([first]), inspect([second])]);
    const row = (values: Float32Array, layer: number) => values.subarray(layer * tokens, (layer + 1) * tokens);
    row(both.values, 4).forEach((value, token) => {
      expect(value).toBeCloseTo((row(one.values, 4)[token] ?? 0) + (row(other.values, 4)[token] ?? 0), 4);
    });
    for (const layer of [0, 3, layers - 1]) expect(row(both.values, layer).every(Number.isNaN)).toBe(true);
    expect(both.reading.note).toBe("none of the features is at layers 0 to 3, 5 to 7");
  });

  test("a feature is told of by its decoder, its activations and the tokens it raises", async () => {
    const { features } = await handlers["features.strongest"](
      { key, layer: 4, count: 1, dictionaries: null, labels: null },
      call(),
    );
    const feature = features[0]?.feature ?? -1;
    const labels = join(folder, "notes.yaml");
    await writeFile(labels, `4/${feature}: found by hand\n`);
    const asked = { key, layer: 4, feature, dictionaries: null, labels, directions: null, refusalTokens: REFUSAL };
    const told = await handlers["features.describe"](asked, call());
    expect(told).toMatchObject({ label: "found by hand", at: "resid_post.4", of: 768 });
    const read = await inspect([{ layer: 4, feature }]);
    expect([...told.activations]).toEqual([...read.values.subarray(4 * tokens, 5 * tokens)]);
    expect(told.raised).toHaveLength(20);
    expect(told.refusal.raised).toBe(told.raised.filter(({ refusal }) => refusal).length);
    // The same decoder vector, by way of the file that a component is read from, against the same directions.
    const file = join(folder, "vectors.safetensors");
    const written = await handlers["features.write"](
      { model: "demo", dictionaries: null, features: [{ layer: 4, feature }], file },
      call(),
    );
    expect(written.written).toEqual([{ tensor: "layer_4", at: "resid_post.4", features: [feature] }]);
    const { directions } = await handlers["directions.list"]({ model: "demo", file: null }, call());
    const [decoder] = (await loadVectors(`${file}#layer_4`, "/", 192)).rows;
    expect(Math.hypot(...(decoder ?? []))).toBeCloseTo(1, 5);
    expect(told.cosines).toHaveLength(directions.length);
    for (const { name, cosine: value } of told.cosines) {
      const vector = directions.find((one) => one.name === name)?.vector ?? "";
      const [direction] = (await loadVectors(vector, "/", 192)).rows;
      expect(value).toBeCloseTo(cosine(decoder ?? [], direction ?? []), 4);
    }
  });

  test("where a feature fires is counted over all prompts, and the prompt where it fires most comes first", async () => {
    const { features } = await handlers["features.strongest"](
      { key, layer: 4, count: 1, dictionaries: null, labels: null },
      call(),
    );
    const feature = features[0]?.feature ?? -1;
    const prompts = [HARMLESS, CYBER, HARMLESS].map((text) => [{ role: "user" as const, text }]);
    const told = call();
    const firing = await handlers["features.firing"](
      { model: "demo", dictionaries: null, layer: 4, feature, prompts },
      told,
    );
    expect(told.stages).toEqual(["prompt 1 of 3"]);
    const alone = await inspect([{ layer: 4, feature }]);
    const own = alone.values.subarray(4 * tokens + 1, 5 * tokens);
    const most = firing.most.find((one) => one.prompt === 1);
    expect(firing.prompts).toBe(3);
    expect(most?.tokens).toBe(tokens - 1);
    expect(most?.fired).toBe(own.filter((value) => value > 0).length);
    expect(most?.activation).toBeCloseTo(Math.max(...own), 3);
    expect(firing.fired).toBe(firing.most.reduce((sum, one) => sum + one.fired, 0));
    const sizes = firing.most.map(({ activation }) => activation);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
  });

  test("looking for where it fires stops at its signal", async () => {
    const controller = new AbortController();
    controller.abort();
    const prompts = [[{ role: "user" as const, text: CYBER }]];
    await expect(
      handlers["features.firing"](
        { model: "demo", dictionaries: null, layer: 4, feature: 1, prompts },
        call(controller.signal),
      ),
    ).rejects.toMatchObject({ code: "cancelled" });
  });

  test("a feature is followed to the decoder vector most like it, layer by layer", async () => {
    const suite = await openDictionaries(join(MODEL, "dictionaries"), BUILT_IN_FORMATS);
    const decoders = new Map<number, Float32Array[]>();
    for (const dictionary of suite) {
      const vectors = await allFeatureVectors(dictionary);
      decoders.set(
        layerOf(dictionary),
        vectors.map(({ v }) => v),
      );
    }
    const asked = { key, layer: 4, count: 1, dictionaries: null, labels: null };
    const { features } = await handlers["features.strongest"](asked, call());
    const feature = features[0]?.feature ?? -1;
    const of = { model: "demo", dictionaries: null, labels: null, layer: 4, feature };
    const { way } = await handlers["features.follow"](of, call());
    const own = way.findIndex((one) => one.layer === 4);
    expect(way[own]).toMatchObject({ feature, cosine: 1 });
    expect(way.length).toBeGreaterThan(2);
    expect(way.map(({ layer }) => layer)).toEqual(way.map((_, at) => (way[0]?.layer ?? 0) + at));
    for (const [at, step] of way.entries()) {
      const before = way[at < own ? at + 1 : at - 1];
      if (at === own || before === undefined) continue;
      const from = decoders.get(before.layer)?.[before.feature] ?? new Float32Array();
      const cosines = (decoders.get(step.layer) ?? []).map((v) => cosine(v, from));
      expect(step.feature).toBe(cosines.indexOf(Math.max(...cosines)));
      expect(step.cosine).toBeCloseTo(cosines[step.feature] ?? 0, 5);
      expect(step.cosine).toBeGreaterThanOrEqual(0.5);
    }
  });

  test("a suite that lies elsewhere is read where the user says, and nothing else of the model's own", async () => {
    const dictionaries = join(MODEL, "dictionaries", "layer_4");
    const suite = await handlers["features.suite"]({ model: "demo", dictionaries }, call());
    expect(suite.layers.map(({ layer, path }) => ({ layer, path }))).toEqual([{ layer: 4, path: dictionaries }]);
    const asked = { key, layer: 4, count: 3, labels: null };
    const { features } = await handlers["features.strongest"]({ ...asked, dictionaries }, call());
    expect(features).toEqual((await handlers["features.strongest"]({ ...asked, dictionaries: null }, call())).features);
    const cell = { key, token: tokens - 1, top: 1, labels: null, dictionaries };
    expect((await handlers["inspect.cell"]({ ...cell, layer: 3 }, call())).features).toEqual([]);
    expect((await handlers["inspect.cell"]({ ...cell, layer: 4 }, call())).features).not.toEqual([]);
  });

  test("a suite that is not there, or of another model, is refused by its setting and path", async () => {
    const nowhere = join(folder, "nowhere");
    await expect(handlers["features.suite"]({ model: "demo", dictionaries: nowhere }, call())).rejects.toThrow(
      `refract.dictionaries: there is no file or folder ${nowhere}.`,
    );
    // What the unembedding reads in a cell needs no dictionary.
    const cell = { key, layer: 4, token: tokens - 1, top: 3, labels: null, dictionaries: nowhere };
    const { nextTokens, features, note } = await handlers["inspect.cell"](cell, call());
    expect(nextTokens).toHaveLength(3);
    expect(features).toEqual([]);
    expect(note).toBe(`refract.dictionaries: there is no file or folder ${nowhere}.`);
    const other = join(FIXTURES, "saelens-standard");
    await expect(handlers["features.suite"]({ model: "demo", dictionaries: other }, call())).rejects.toThrow(
      /the dictionaries of .*saelens-standard read \d+ values, and this model's stream has 192\./,
    );
  });

  test("what the suite does not have is refused by layer and number", async () => {
    await expect(inspect([{ layer: 4, feature: 768 }])).rejects.toThrow(/layer 4 has features 0 to 767, found 768/);
    await expect(inspect([{ layer: 12, feature: 1 }])).rejects.toThrow(/no dictionary of layer 12: it has layers 0, 1/);
    const elsewhere = {
      model: "demo",
      prompt: prompt(CYBER),
      dictionaries: null,
      reading: "features",
      site: "resid_mid" as const,
    };
    const features = [{ layer: 4, feature: 1 }];
    await expect(
      handlers.inspect({ ...elsewhere, features, direction: null, refusalTokens: REFUSAL }, call()),
    ).rejects.toThrow(/reads resid_post.4: choose that site/);
  });
});
