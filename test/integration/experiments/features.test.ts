import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { ResultDocument } from "../../../shared/plugin/result-document.ts";
import { writeSafetensors } from "../../../sidecar/files/safetensors.ts";
import { executeRun } from "../../../sidecar/runs/execute-run.ts";
import { seeded } from "../../../sidecar/statistics/random.ts";
import { toyFolder, toyRequest, toySpec, toyTools } from "../../support/toy-study.ts";

const D = 64;

interface Summary {
  experiments: Record<
    string,
    {
      figures: { name: string; of: string[]; estimate: number | null; low: number | null; high: number | null }[];
      verdicts: { of: string[]; verdict: string; because: string; layer: number; byLayer: unknown[] }[];
    }
  >;
}

/** A standard SAELens dictionary whose features are the given directions and their opposites: it reconstructs what they span. */
async function writeDictionary(folder: string, layer: number, directions: readonly Float32Array[]): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const rows = [...directions, ...directions.map((row) => row.map((value) => -value))];
  const n = rows.length;
  const W_dec = Float32Array.from(rows.flatMap((row) => [...row]));
  const W_enc = new Float32Array(D * n);
  for (const [j, row] of rows.entries()) for (const [i, value] of row.entries()) W_enc[i * n + j] = value;
  const tensor = (shape: number[], data: Float32Array) => ({ dtype: "F32" as const, shape, data });
  await writeSafetensors(
    join(folder, "sae_weights.safetensors"),
    new Map([
      ["W_enc", tensor([D, n], W_enc)],
      ["b_enc", tensor([n], new Float32Array(n))],
      ["W_dec", tensor([n, D], W_dec)],
      ["b_dec", tensor([D], new Float32Array(D))],
    ]),
  );
  const config = { architecture: "standard", d_in: D, d_sae: n, hook_name: `blocks.${layer}.hook_resid_post` };
  writeFileSync(join(folder, "cfg.json"), JSON.stringify(config));
}

/** The model's own axes, one of which each knob is. */
const axes = Array.from({ length: D }, (_, i) => Float32Array.from({ length: D }, (_, j) => (i === j ? 1 : 0)));

async function run(
  components: [string, string],
  layers: number[],
  dictionaries: Map<number, readonly Float32Array[]>,
  others: string[] = [],
) {
  const [a, b] = components;
  const experiment = `{kind: features, components: [${a}, ${b}], prompts: [${a}, ${b}], others: [${others.join(", ")}], dictionaries: saes, layers: [${layers.join(", ")}]}`;
  const spec = toySpec([a, b, ...others], `experiments:\n  carried: ${experiment}`);
  const { folder, specPath } = toyFolder(spec, { train: 16, val: 8, test: 32 });
  for (const [layer, directions] of dictionaries)
    await writeDictionary(join(folder, "saes", `layer_${layer}`), layer, directions);
  const { folder: out, status } = await executeRun(toyRequest(specPath, join(folder, "runs")), toyTools());
  expect(status).toBe("done");
  const summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8")) as Summary;
  const found = summary.experiments.carried;
  const document = JSON.parse(readFileSync(join(out, "document.json"), "utf8")) as ResultDocument;
  const shown = document.experiments.find(({ name }) => name === "carried");
  if (found === undefined || shown === undefined) throw new Error("no experiment");
  return { ...found, sentences: shown.sentences, blocks: shown.blocks };
}

it("finds the features of two separate knobs: each takes down its own category only, random ones nothing; says how alike the sets are and what each does alone", async () => {
  const found = await run(["cyber", "fraud"], [1, 2], new Map([[1, axes]]));
  expect(found.verdicts.map(({ of, verdict, layer }) => [of[0], verdict, layer])).toEqual([
    ["cyber", "own category only", 1],
    ["fraud", "own category only", 1],
  ]);
  const effect = (row: string, column: string) =>
    found.figures.find(({ name, of }) => name === "effect" && of[0] === row && of[1] === column);
  expect(effect("cyber", "cyber")?.low).toBeGreaterThan(0.8);
  expect(effect("cyber", "fraud")?.high).toBeLessThan(0.2);
  const random = found.figures.filter(({ name }) => name === "effect of random features of the same density");
  expect(random).toHaveLength(6);
  for (const { high } of random) expect(high).toBeLessThan(0.5);
  // Every feature is an axis or its opposite: sets without a common axis are at right angles.
  const figure = (name: string) => found.figures.find((one) => one.name === name)?.estimate;
  expect(figure("features in both sets")).toBe(0);
  expect(figure("largest principal cosine of the sets")).toBeCloseTo(0, 5);
  expect(figure("largest principal cosine of random sets of the same density")).not.toBeNull();
  expect(Math.abs(figure("cosine of the directions there") ?? 1)).toBeLessThan(0.3);
  expect(found.sentences.join(" ")).toMatch(
    /Of the sets of cyber and fraud no feature is in both; .* cosine of at most 0\.00/,
  );
  const table = found.blocks.find(({ title }) => title.startsWith("Features at"));
  if (table?.type !== "table") throw new Error("no table of features");
  const alone = table.columns.findIndex(({ label }) => label === "alone, refusals");
  const [first] = table.rows;
  expect(first?.cells[alone]).toMatchObject({ value: expect.closeTo(1, 0), n: 8 });
  expect(first?.cells[alone + 1]).toMatchObject({ value: expect.any(Number), n: 8 });
  // Layer 2 has no dictionary: a gap is no verdict.
  expect(found.verdicts[0]?.byLayer).toHaveLength(1);
});

it("calls features shared where two categories have one knob", async () => {
  const found = await run(["theft", "vandalism"], [1], new Map([[1, axes]]));
  expect(found.verdicts.map(({ verdict }) => verdict)).toEqual(["shared", "shared"]);
  expect(found.figures.find(({ name }) => name === "features in both sets")?.estimate).toBeGreaterThan(0);
  expect(found.figures.find(({ name }) => name === "largest principal cosine of the sets")?.estimate).toBeCloseTo(1, 5);
});

it("says where a dictionary cannot do what the direction does", async () => {
  const random = seeded(3, "blind");
  // Features that see nothing of the knobs: noise in the other axes.
  const blind = Array.from({ length: 24 }, () => {
    const row = Float32Array.from({ length: D }, (_, j) => (j < 18 ? 0 : random.normal()));
    const length = Math.hypot(...row);
    return row.map((value) => value / length);
  });
  const found = await run(["cyber", "fraud"], [1], new Map([[1, blind]]));
  expect(found.verdicts.map(({ verdict }) => verdict)).toEqual(["not found", "not found"]);
  expect(found.verdicts[0]?.because).toMatch(/the dictionary cannot do here what the direction does/);
});

it("tries the sets on further categories: those of one knob transfer to the category that shares it, and to no other", async () => {
  const found = await run(["theft", "fraud"], [1], new Map([[1, axes]]), ["vandalism"]);
  const effect = (row: string, column: string) =>
    found.figures.find(({ name, of }) => name === "effect" && of[0] === row && of[1] === column);
  expect(effect("theft", "vandalism")?.low).toBeGreaterThan(0.8);
  expect(effect("fraud", "vandalism")?.high).toBeLessThan(0.2);
  expect(found.verdicts[0]?.because).toMatch(
    /of categories without a set of their own (0\.9\d|1\.00) \[.*\] of vandalism/,
  );
  const matrix = found.blocks.find(({ type }) => type === "matrix");
  expect(matrix).toMatchObject({ columns: ["theft", "fraud", "vandalism"] });
});
