import { describe, expect, test } from "vitest";
import { bucketStyle } from "../../../extension/inspect/bucket-style.ts";
import { profilePicture } from "../../../extension/inspect/profile-picture.ts";
import { tokenLabel } from "../../../extension/inspect/token-label.ts";
import { visibleText } from "../../../extension/inspect/visible-text.ts";

const SCALE = { limit: 4, clipped: 0, n: 84 };

function svgOf(uri: string): string {
  return Buffer.from(uri.slice(uri.indexOf(",") + 1), "base64").toString();
}

describe("the picture of a token's profile over layers", () => {
  test("stays under 20 KB for a model of 80 layers, in every theme", () => {
    const values = Array.from({ length: 80 }, (_, layer) => Math.sin(layer) * 4);
    for (const theme of ["light", "dark", "high-contrast-light", "high-contrast-dark"] as const) {
      expect(profilePicture(values, SCALE, 40, theme).length).toBeLessThan(20_000);
    }
  });

  test("draws more above the middle, less below it, and nothing for a missing value", () => {
    const svg = svgOf(profilePicture([4, -4, Number.NaN], SCALE, 0, "dark"));
    const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="([\d.]+)"[^>]*height="([\d.]+)" fill="rgba/g)];
    expect(bars.map(([, , y, height]) => [Number(y), Number(height)])).toEqual([
      [3, 25],
      [28, 25],
    ]);
  });

  test("keeps values beyond the scale inside the picture", () => {
    const svg = svgOf(profilePicture([400], SCALE, 0, "light"));
    expect(svg).toContain('height="25.0"');
  });
});

describe("the look of a bucket", () => {
  test("nothing for zero, stronger for more", () => {
    expect(bucketStyle(0, "dark", false)).toEqual({});
    expect(bucketStyle(16, "dark", false).backgroundColor).toMatch(/^rgba\(230, 120, 0, 0\.45/);
    expect(bucketStyle(-16, "dark", false).backgroundColor).toMatch(/^rgba\(0, 114, 178, 0\.45/);
  });

  test("high contrast has a border: solid for more, dashed for less", () => {
    expect(bucketStyle(12, "high-contrast-dark", false).border).toMatch(/^2px solid/);
    expect(bucketStyle(-12, "high-contrast-dark", false).border).toMatch(/^2px dashed/);
    expect(bucketStyle(12, "dark", false).border).toBeUndefined();
  });

  test("an old reading is fainter", () => {
    expect(bucketStyle(16, "light", true).backgroundColor).not.toBe(bucketStyle(16, "light", false).backgroundColor);
  });
});

test("a token's text is drawn so that blanks and line ends show", () => {
  expect(visibleText(" the\n")).toBe("\u00b7the\\n");
  expect(visibleText("")).toBe("\u2205");
});

test.each([
  ["<|assistant|>", "\u2039assistant\u203a"],
  ["<start_of_turn>", "\u2039start_of_turn\u203a"],
  ["<|reserved_special_token_12|>", "\u2039reserved_spec\u2026\u203a"],
  ["\n", "\u21b5"],
  ["\n\n", "\u21b5\u21b5"],
  [" user", "\u00b7user"],
  ["[/INST]", "[/INST]"],
  ["a < b", "a < b"],
])("a template's token %j takes as little room as can be read", (text, label) => {
  expect(tokenLabel(text)).toBe(label);
});
