import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { promptFormats } from "../../../shared/prompts/built-in-formats.ts";
import type { PromptSetSpec } from "../../../shared/spec/spec-schema.ts";
import { promptSet, readPromptFile, templatePositions } from "../../../sidecar/runs/prompt-sets.ts";
import { toyModel } from "../../support/toy-study.ts";

const formats = promptFormats.prompts ?? [];
const model = toyModel();

function file(rows: object[]): string {
  const path = join(mkdtempSync(join(tmpdir(), "refract-")), "p.jsonl");
  writeFileSync(path, rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  return path;
}
const set = (rows: object[], spec: Partial<PromptSetSpec> = {}, seed = 7) =>
  promptSet("s", { file: "", ...spec }, readPromptFile(file(rows), formats), model, seed, new Date());

const variants = Array.from({ length: 40 }, (_, i) => ({
  id: `p${i}`,
  text: `hack noun${i % 40}`,
  base: `b${Math.floor(i / 2)}`,
  category: i % 4 === 0 ? "a" : "b",
  conditions: { age: i % 2 ? "minor" : "adult" },
  label: i % 2 ? "harmful" : "harmless",
}));

it("a set without splits is split 50/25/25 by base, the same way at each reading", () => {
  const first = set(variants);
  const groups = [...Map.groupBy(first, ({ split }) => split)];
  const counts = Object.fromEntries(groups.map(([split, list]) => [split, list.length]));
  expect(counts).toEqual({ train: 20, val: 10, test: 10 });
  for (const group of Map.groupBy(first, ({ base }) => base).values())
    expect(new Set(group.map(({ split }) => split)).size).toBe(1);
  expect(set(variants).map(({ split }) => split)).toEqual(first.map(({ split }) => split));
  expect(set(variants, {}, 8).map(({ split }) => split)).not.toEqual(first.map(({ split }) => split));
});

it("filters reach into conditions and take lists of values", () => {
  expect(set(variants, { where: { "conditions.age": "minor" } })).toHaveLength(20);
  expect(set(variants, { where: { category: ["a", "b"], "conditions.age": "adult" } })).toHaveLength(20);
});

it("a limit holds for each split and keeps bases whole", () => {
  const limited = set(variants, { limit: 5 });
  for (const list of Map.groupBy(limited, ({ split }) => split).values()) expect(list).toHaveLength(4);
});

it("harm is the set's where it says so, else the label's", () => {
  expect(
    set(variants)
      .map(({ harmful }) => harmful)
      .slice(0, 2),
  ).toEqual([false, true]);
  expect(set(variants, { harmful: true }).every(({ harmful }) => harmful === true)).toBe(true);
});

it("positions after the user's text are those that every prompt has", () => {
  expect(templatePositions(set(variants))).toEqual([-1, -2]);
});

it("an unknown split is refused by file and prompt", () => {
  expect(() => set([{ id: "x", text: "hack noun1", split: "dev" }])).toThrow(
    /p\.jsonl: prompt x has split "dev"; expected one of train, val, test/,
  );
});
