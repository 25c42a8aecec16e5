import { expect, it } from "vitest";
import { cosineShift } from "../../../sidecar/statistics/cosine-shift.ts";
import { seeded } from "../../../sidecar/statistics/random.ts";

const BASE = ["a", "b", "c", "d"];

it("a profile that an edit leaves as it was has moved by nothing, with certainty", () => {
  const profiles = BASE.map((_, i) => [0.1 * i, 0.5, -0.3]);
  expect(cosineShift(profiles, profiles, BASE, seeded(1))).toEqual({ estimate: 0, low: 0, high: 0 });
});

it("moves up and down count alike, averaged over layers and then over prompts", () => {
  const before = [
    [0, 0.4],
    [0.2, 0.2],
    [0, 0],
    [0.1, 0.1],
  ];
  const after = [
    [0.2, 0.2],
    [0.2, 0.2],
    [0.4, 0],
    [0.1, 0.3],
  ];
  // By hand: prompts move by 0.2, 0, 0.2 and 0.1.
  const { estimate, low, high } = cosineShift(before, after, BASE, seeded(1));
  expect(estimate).toBeCloseTo(0.125, 12);
  expect(low).toBeGreaterThanOrEqual(0);
  expect(high).toBeLessThanOrEqual(0.2);
  expect(high - low).toBeGreaterThan(0.05);
});

it("profiles of different lengths are refused", () => {
  expect(() => cosineShift([[0, 1]], [[0]], ["a"], seeded(1))).toThrow(/2 layers before and 1 after/);
});
