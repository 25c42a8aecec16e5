import { describe, expect, it } from "vitest";
import {
  bucketOf,
  divergingScale,
  LESS_RGB,
  MORE_RGB,
  tintOf,
  UNDER_TEXT,
} from "../../../shared/scale/diverging-scale.ts";
import { formatFigure } from "../../../shared/scale/format-figure.ts";

describe("the diverging scale", () => {
  it("leaves the first position out, so that its massive activations don't bleach the others", () => {
    const values = Float32Array.from([24_900, 1, -2, 770, 2, -1]);
    expect(divergingScale(values, 3)).toEqual({ limit: 2, clipped: 0, n: 4 });
  });

  it("says how many values lie beyond its limit", () => {
    const values = Float32Array.from({ length: 1001 }, (_, i) => i);
    const scale = divergingScale(values, 1001);
    expect(scale.limit).toBe(991);
    expect(scale.clipped).toBe(9);
  });

  it("tints equal sizes on both sides equally, and zero not at all", () => {
    const scale = { limit: 4, clipped: 0, n: 1 };
    expect([-8, -4, -2, 0, 2, 4, 8].map((value) => bucketOf(value, scale))).toEqual([-16, -16, -8, 0, 8, 16, 16]);
    expect(tintOf(0, UNDER_TEXT)).toMatch(/, 0\.000\)$/);
  });

  it("shows no tint where there is no value or nothing to compare with", () => {
    expect(bucketOf(Number.NaN, { limit: 1, clipped: 0, n: 1 })).toBe(0);
    expect(bucketOf(3, { limit: 0, clipped: 0, n: 0 })).toBe(0);
  });
});

/** Relative luminance (WCAG 2.2) of an sRGB colour. */
function luminance(rgb: readonly number[]): number {
  const [r = 0, g = 0, b = 0] = rgb.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: readonly number[], b: readonly number[]): number {
  const [darker = 0, lighter = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (lighter + 0.05) / (darker + 0.05);
}

describe("text on a tinted token", () => {
  const themes = [
    { name: "Light Modern", text: [59, 59, 59], background: [255, 255, 255] },
    { name: "Dark Modern", text: [204, 204, 204], background: [31, 31, 31] },
    { name: "Dark High Contrast", text: [255, 255, 255], background: [0, 0, 0] },
    { name: "Light High Contrast", text: [41, 41, 41], background: [255, 255, 255] },
  ];

  it.each(themes)("keeps a contrast of 4.5 under the strongest tints in $name", ({ text, background }) => {
    for (const side of [LESS_RGB, MORE_RGB]) {
      const tinted = side.map((channel, i) => channel * UNDER_TEXT + (background[i] ?? 0) * (1 - UNDER_TEXT));
      expect(contrast(text, tinted)).toBeGreaterThanOrEqual(4.5);
    }
  });
});

describe("figures in views", () => {
  it("have two significant digits and a real minus sign", () => {
    expect([3.14, -0.0123, 12.6, -150, 0, Number.NaN].map(formatFigure)).toEqual([
      "3.1",
      "\u22120.012",
      "13",
      "\u2212150",
      "0",
      "\u2013",
    ]);
  });

  it("turn to powers of ten where plain digits would mislead", () => {
    expect(formatFigure(24_900)).toBe("2.5e+4");
    expect(formatFigure(-0.00004)).toBe("\u22124.0e\u22125");
  });
});
