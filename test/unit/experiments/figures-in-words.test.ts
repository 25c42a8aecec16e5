import { expect, it } from "vitest";
import { inWords } from "../../../sidecar/experiments/study/intervals.ts";

const figure = { name: "kappa", of: ["substrings"], estimate: -0.004, low: -0.1, high: 0.25, n: 4, unit: "kappa" };

it("a figure in words has its interval, or says that there is none and why", () => {
  expect(inWords(figure)).toBe("0.00 [\u22120.10, 0.25]");
  expect(inWords({ ...figure, low: null, high: null })).toBe("0.00 (no interval)");
  expect(inWords({ ...figure, low: null, high: null, why: "all labels are alike" })).toBe(
    "0.00 (no interval: all labels are alike)",
  );
});

it("a figure without a number says why in its place", () => {
  expect(inWords({ ...figure, estimate: null, why: "no prompt" })).toBe("no prompt");
  expect(inWords(undefined)).toBe("not measured");
});
