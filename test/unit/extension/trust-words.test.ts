import { expect, test } from "vitest";
import { confirmationQuestion, measuredLine, suiteLine } from "../../../extension/dictionaries/trust-words.ts";
import type { MeasuredDictionary } from "../../../shared/protocol/dictionary-messages.ts";

const FITS: MeasuredDictionary = {
  ...{ path: "/w/sae/layer_3", format: "saelens", reads: "resid_post.3", writes: "resid_post.3", features: 768 },
  ...{ fvu: 0.0142, l0: 13.3, declared: { fvu: 0.014, l0: null }, lossRecovered: 0.991, dead: 45, positions: 260 },
  ...{ reasons: [], fallback: null },
};
const MOVED: MeasuredDictionary = {
  ...FITS,
  ...{ path: "/w/sae/layer_4", reads: "resid_post.4", fvu: 1.3 },
  reasons: ["wrong hook point: it fits resid_post.2", "28 features fire at a position, its files declare 13"],
};
const FOREIGN: MeasuredDictionary = {
  ...FITS,
  fvu: null,
  l0: null,
  lossRecovered: null,
  reasons: ["wrong model: ..."],
};

test("a dictionary's line has what was measured beside what its files declare", () => {
  expect(measuredLine(FITS)).toBe(
    "FVU 0.014 (declared 0.014), L0 13, loss recovered 0.99, 45 of 768 silent at 260 positions",
  );
  expect(measuredLine(FOREIGN)).toBe("not measured: it cannot run on this model");
});

test("a suite's line says how many are not trusted, and the range of what they leave unexplained", () => {
  expect(suiteLine([FITS])).toBe("1, trusted, FVU 0.014");
  expect(suiteLine([FITS, MOVED, FOREIGN])).toBe("3, 2 untrusted, FVU 0.014 to 1.3");
  expect(suiteLine([FOREIGN])).toBe("1, 1 untrusted");
});

test("the question names the place, and every reason of every dictionary", () => {
  expect(confirmationQuestion([MOVED])).toEqual({
    message: "Measured on this model, the dictionary at resid_post.4 can't be trusted. Edit by its features anyway?",
    detail:
      "/w/sae/layer_4: wrong hook point: it fits resid_post.2; 28 features fire at a position, its files declare 13.",
  });
  const both = confirmationQuestion([MOVED, FOREIGN]);
  expect(both.message).toContain("2 dictionaries can't be trusted. Edit by their features");
  expect(both.detail.split("\n")).toHaveLength(2);
});
