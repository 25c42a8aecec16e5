import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
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

async function run(components: [string, string], layers: number[], dictionaries: Map<number, readonly Float32Array[]>) {
  const [a, b] = components;
  const experiment = `{kind: features, components: [${a}, ${b}], prompts: [${a}, ${b}], dictionaries: saes, layers: [${layers.join(", ")}]}`;
  const spec = toySpec([a, b], `experiments:\n  carried: ${experiment}`);
  const { folder, specPath } = toyFolder(spec, { train: 16, val: 8, test: 32 });
  for (const [layer, directions] of dictionaries)
    await writeDictionary(join(folder, "saes", `layer_${layer}`), layer, directions);
  const { folder: out, status } = await executeRun(toyRequest(specPath, join(folder, "runs")), toyTools());
  expect(status).toBe("done");
  const summary = JSON.parse(readFileSync(join(out, "summary.json"), "utf8")) as Summary;
  const found = summary.experiments.carried;
  if (found === undefined) throw new Error("no experiment");
  return found;
}

it("finds the features of two separate knobs: each takes down its own category only, random ones nothing", async () => {
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
  // Layer 2 has no dictionary: a gap is no verdict.
  expect(found.verdicts[0]?.byLayer).toHaveLength(1);
});

it("calls features shared where two categories have one knob", async () => {
  const found = await run(["theft", "vandalism"], [1], new Map([[1, axes]]));
  expect(found.verdicts.map(({ verdict }) => verdict)).toEqual(["shared", "shared"]);
  expect(found.figures.find(({ name }) => name === "features in both sets")?.estimate).toBeGreaterThan(0);
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
