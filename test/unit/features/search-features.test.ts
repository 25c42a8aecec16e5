import { describe, expect, test } from "vitest";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import { FeatureLabels } from "../../../sidecar/application/features/feature-labels.ts";
import { gapsOf } from "../../../sidecar/application/features/feature-reading.ts";
import { searchFeatures } from "../../../sidecar/application/features/search-features.ts";

function dictionary(layer: number, features: number): Dictionary {
  const weights = { file: "w.safetensors", offset: 0, length: 0, dtype: "F32" as const, shape: [] };
  return {
    ...{
      format: "saelens",
      path: `/suite/layer_${layer}`,
      reads: `resid_post.${layer}`,
      writes: `resid_post.${layer}`,
    },
    ...{ dIn: 4, dOut: 4, features, W_enc: weights, encoderTransposed: false, b_enc: null },
    ...{ W_dec: weights, decoderTransposed: false, b_dec: null, subtractDecoderBias: false },
    ...{ activation: { kind: "relu" }, normalisation: { kind: "none" }, rescaleByDecoderNorm: false },
    ...{ decoderScale: null, skip: null, declared: { model: null, fvu: null, l0: null }, warnings: [] },
  };
}

const SUITE = [dictionary(1, 768), dictionary(4, 768), dictionary(6, 128)];
const LABELS = new FeatureLabels(
  new Map([
    ["4/512", "Breaking into computers"],
    ["1/12", "computers and phones"],
    ["6/500", "computers, but the dictionary is too small"],
  ]),
);

function search(query: string, limit = 50) {
  return searchFeatures(SUITE, LABELS, { query, limit, labelled: true });
}

const numbers = (query: string) => search(query).found.map(({ layer, feature }) => `${layer}/${feature}`);

describe("a search for features", () => {
  test("by number finds it at every layer that has so many", () => {
    expect(numbers("512")).toEqual(["1/512", "4/512"]);
    expect(numbers("#100")).toEqual(["1/100", "4/100", "6/100"]);
    expect(search("512").found[1]?.label).toBe("Breaking into computers");
  });

  test.each(["4/512", "L4 #512", "l4/512", " 4 512 "])("by layer and number finds that one (%s)", (query) => {
    expect(numbers(query)).toEqual(["4/512"]);
  });

  test("by words finds every label that holds them all, in any order and case, that the suite has", () => {
    expect(numbers("computers")).toEqual(["1/12", "4/512"]);
    expect(numbers("COMPUTERS breaking")).toEqual(["4/512"]);
    expect(numbers("nothing like it")).toEqual([]);
  });

  test("says how many there are beyond those that it gives", () => {
    expect(search("computers", 1)).toMatchObject({ total: 2, found: [{ layer: 1, feature: 12 }] });
  });

  test("by words says where labels would come from when there are none", () => {
    const none = searchFeatures(SUITE, new FeatureLabels(new Map()), { query: "computers", limit: 5, labelled: false });
    expect(none.note).toContain("refract.featureLabels");
  });
});

describe("the gaps of a reading of features", () => {
  test("are told apart: no dictionary there, or none of the chosen features", () => {
    const gaps = gapsOf([{ layer: 4, feature: 512 }], SUITE, 8);
    expect(gaps).toBe("the suite has no dictionary at layers 0, 2 to 3, 5, 7; the feature is not at layers 1, 6");
  });

  test("are not spoken of where there are none", () => {
    const everywhere = SUITE.slice(0, 1).map((one) => ({ ...one, reads: "resid_post.0" as const }));
    expect(gapsOf([{ layer: 0, feature: 3 }], everywhere, 1)).toBe("");
  });
});
