import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { chosenFeatures, featureReadingId } from "../../../extension/features/feature-names.ts";
import { pinnedEditsFile, specWithComponents } from "../../../extension/features/pinned-edits.ts";
import { togglePinned } from "../../../extension/features/toggle-pinned.ts";
import { editsFileSchema } from "../../../shared/spec/edits-file.ts";

const A = { layer: 4, feature: 512 };
const B = { layer: 3, feature: 7 };
const SUITE = {
  layers: [3, 4].map((layer) => ({
    layer,
    at: `resid_post.${layer}`,
    path: `/w/dictionaries/layer_${layer}`,
    features: 768,
  })),
};

describe("pinned features", () => {
  test("are kept by layer and number, and a second pin takes the first away", () => {
    const both = togglePinned(togglePinned([], A), B);
    expect(both).toEqual([B, A]);
    expect(togglePinned(both, { ...A })).toEqual([B]);
  });

  test("are what the reading of the pinned features reads; another id names its own feature, and others none", () => {
    expect(chosenFeatures("features:pinned", [A, B])).toEqual([A, B]);
    expect(chosenFeatures(featureReadingId([A]), [B])).toEqual([A]);
    expect(chosenFeatures(featureReadingId([B, A]), [])).toEqual([B, A]);
    expect(chosenFeatures("projection:features", [A])).toEqual([]);
    expect(chosenFeatures("features:pinned", [])).toEqual([]);
  });

  test("become an edits file that scales each to 0 at its own dictionary and keeps the error", () => {
    const file = editsFileSchema.parse(JSON.parse(pinnedEditsFile([B, A], SUITE)));
    expect(file.conditions[0]?.edits).toEqual([
      {
        kind: "scale",
        dictionary: "/w/dictionaries/layer_3",
        feature: 7,
        factor: 0,
        error: "keep",
        at: "resid_post.3",
      },
      {
        kind: "scale",
        dictionary: "/w/dictionaries/layer_4",
        feature: 512,
        factor: 0,
        error: "keep",
        at: "resid_post.4",
      },
    ]);
    expect(() => pinnedEditsFile([{ layer: 9, feature: 0 }], SUITE)).toThrow(/no dictionary of layer 9/);
  });

  test("become a component per layer of a spec, which keeps everything else and its comments", async () => {
    const before = "# mine\nrefract: 1\nmodel: demo\ncomponents:\n  features-4: {span: [cyber]}\n";
    const written = [
      { tensor: "layer_3", at: "resid_post.3", features: [7] },
      { tensor: "layer_4", at: "resid_post.4", features: [5, 512] },
    ];
    const save = { spec: "/w/a.refract.yaml", model: "demo", file: "/w/v/a.safetensors", written };
    const { text, names } = await specWithComponents(before, save);
    expect(names).toEqual(["feature-3-7", "features-4-2"]);
    expect(text).toContain("# mine");
    expect(parse(text).components).toEqual({
      "features-4": { span: ["cyber"] },
      "feature-3-7": { vectors: "v/a.safetensors#layer_3", at: "resid_post.3" },
      "features-4-2": { vectors: "v/a.safetensors#layer_4", at: "resid_post.4" },
    });
    expect(parse((await specWithComponents("", save)).text)).toMatchObject({ refract: 1, model: "demo" });
  });
});
