import fc from "fast-check";
import { expect, test } from "vitest";

import { coversForm, formOf, slotColumn } from "../../../../sidecar/engine/splice/slot-column.ts";

const number = fc.double({ min: -8, max: 8, noNaN: true });
const theta = fc.oneof(number, fc.constant(Number.NEGATIVE_INFINITY), fc.constant(Number.POSITIVE_INFINITY));

test("a folded slot row adds what c + g·f of the row adds", () => {
  fc.assert(
    fc.property(
      fc.array(number, { minLength: 3, maxLength: 3 }),
      number,
      theta,
      number,
      number,
      (u, b, threshold, c, g) => {
        const x = [0.5, -1.25, 2];
        const v = Float32Array.from([1, -2, 0.5]);
        const row = {
          at: "resid_pre.0" as const,
          u: Float32Array.from(u),
          v,
          b,
          theta: threshold,
          c,
          g,
          positions: "all" as const,
          edit: 0,
        };
        const z = x.reduce((sum, value, d) => sum + value * (row.u[d] ?? 0), b);
        // at the threshold itself rounding decides
        fc.pre(Math.abs(z - threshold) > 1e-4);
        const expected = (c + g * (z > threshold ? z : 0)) * 1;
        const column = slotColumn(row);
        const y = x.reduce((sum, value, d) => sum + value * (column.u?.[d] ?? 0), 0);
        const found = (y > column.threshold ? y + column.shift : column.rest) * (column.v[0] ?? 0);
        expect(Math.abs(found - expected)).toBeLessThan(1e-3);
      },
    ),
  );
});

test("a row that reads nothing adds its constant whatever the stream holds", () => {
  const v = Float32Array.from([1, 2]);
  const row = {
    at: "resid_pre.0" as const,
    u: null,
    v,
    b: 3,
    theta: -1,
    c: 0.5,
    g: -4,
    positions: "all" as const,
    edit: 0,
  };
  const column = slotColumn(row);
  expect(column.u).toBeNull();
  expect([...column.v].map((value) => value * column.rest)).toEqual([0.5, 1]);
});

test("thresholds stay finite, because shaders may not know infinities", () => {
  const base = {
    at: "resid_pre.0" as const,
    v: Float32Array.of(1),
    b: 0,
    c: 0,
    g: -1,
    positions: "all" as const,
    edit: 0,
  };
  for (const theta of [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]) {
    expect(Number.isFinite(Math.fround(slotColumn({ ...base, u: Float32Array.of(1), theta }).threshold))).toBe(true);
  }
});

test("the form of rows is the cheapest that says them all", () => {
  const row = {
    at: "resid_pre.0" as const,
    positions: "all" as const,
    edit: 0,
    v: Float32Array.of(1),
    b: 0,
    c: 0,
    g: -1,
  };
  const ablate = { ...row, u: Float32Array.of(1), theta: Number.NEGATIVE_INFINITY };
  const affine = { ...ablate, c: 2 };
  const add = { ...row, u: null, theta: 0, c: 3, g: 0 };
  const clamp = { ...ablate, theta: 0 };
  expect(formOf([])).toBe("everywhere");
  expect(formOf([[ablate], [ablate]])).toBe("everywhere");
  expect(formOf([[ablate], []])).toBe("projection");
  expect(formOf([[ablate], [{ ...ablate, v: Float32Array.of(2) }]])).toBe("projection");
  expect(formOf([[{ ...ablate, positions: "prompt" as const }]])).toBe("projection");
  expect(formOf([[ablate, affine]])).toBe("linear");
  expect(formOf([[add]])).toBe("linear");
  expect(formOf([[ablate], [clamp]])).toBe("general");
  expect(coversForm("general", "linear")).toBe(true);
  expect(coversForm("projection", "linear")).toBe(false);
  expect(coversForm("everywhere", "projection")).toBe(false);
});

test("without a threshold, the linear form says what the general one says", () => {
  fc.assert(
    fc.property(number, number, number, number, (y, b, c, g) => {
      const row = { at: "resid_pre.0" as const, v: Float32Array.of(1), b, c, g, positions: "all" as const, edit: 0 };
      for (const u of [null, Float32Array.of(1)]) {
        const {
          threshold,
          shift,
          rest,
          linearShift,
          u: folded,
        } = slotColumn({ ...row, u, theta: Number.NEGATIVE_INFINITY });
        const z = (folded?.[0] ?? 0) * y;
        expect(z + linearShift).toBeCloseTo(z > threshold ? z + shift : rest, 6);
      }
    }),
  );
});
