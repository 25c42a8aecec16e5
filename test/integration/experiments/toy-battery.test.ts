import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { executeRun } from "../../../sidecar/runs/execute-run.ts";
import { toyFolder, toyRequest, toySpec, toyTools } from "../../support/toy-study.ts";

interface Summary {
  experiments: Record<
    string,
    {
      figures: { name: string; of: string[]; estimate: number | null; layer?: number }[];
      verdicts: {
        of: string[];
        verdict: string;
        because: string;
        layer: number | null;
        byLayer: { layer: number; verdict: string }[];
      }[];
    }
  >;
}

function causes(a: string, b: string): string {
  return `experiments:\n  causes: {kind: cross-ablation, components: [${a}, ${b}], prompts: [${a}, ${b}], layers: [2, 4]}`;
}

async function verdict(a: string, b: string, counts: { train: number; val: number; test: number }) {
  const { folder, specPath } = toyFolder(toySpec([a, b], causes(a, b)), counts);
  const { folder: run, status } = await executeRun(toyRequest(specPath, join(folder, "runs")), toyTools());
  expect(status).toBe("done");
  const summary = JSON.parse(readFileSync(join(run, "summary.json"), "utf8")) as Summary;
  const experiment = summary.experiments.causes;
  const found = experiment?.verdicts[0];
  if (!experiment || !found) throw new Error("no verdict");
  return {
    ...found,
    effects: experiment.figures.filter(({ name }) => name === "effect"),
    figure: (name: string, of: string) =>
      experiment.figures.find((one) => one.name === name && one.of.join("/") === of)?.estimate,
  };
}

const ENOUGH = { train: 24, val: 12, test: 40 };

it.each([
  ["cyber", "fraud", "detached"],
  ["theft", "vandalism", "sintered"],
  ["weapons", "poison", "one cause under distinct shapes"],
])(
  "the battery calls %s and %s of the model made by hand %s",
  async (a, b, planted) => {
    const found = await verdict(a, b, ENOUGH);
    expect({ verdict: found.verdict, layer: found.layer }).toEqual({ verdict: planted, layer: 4 });
    expect(found.byLayer).toEqual([
      { layer: 2, verdict: planted },
      { layer: 4, verdict: planted },
    ]);
    expect(found.effects.map(({ of }) => of.join("/")).sort()).toEqual(
      [`${a}/${a}`, `${a}/${b}`, `${b}/${a}`, `${b}/${b}`].sort(),
    );
  },
  300_000,
);

it("a knob that is pushed down takes its own refusals down and pushed up brings refusals about, a random vector of its norm neither", async () => {
  const apart = await verdict("cyber", "fraud", { train: 24, val: 12, test: 16 });
  for (const [own, other] of [
    ["cyber", "fraud"],
    ["fraud", "cyber"],
  ]) {
    expect(apart.figure("push", `${own}/${own}`)).toBeCloseTo(1);
    expect(apart.figure("push", `${own}/${other}`)).toBeCloseTo(0);
    // The decision listens to whichever knob is strongest: either brings refusals about on either's harmless prompts.
    expect(apart.figure("steered refusals", `${own}/${own}`)).toBeCloseTo(1);
    expect(apart.figure("steered refusals", `${own}/${other}`)).toBeCloseTo(1);
    expect(Math.abs(apart.figure("push", `random 1/${own}`) ?? 1)).toBeLessThan(0.2);
    expect(Math.abs(apart.figure("steered refusals", `random 1/${own}`) ?? 1)).toBeLessThan(0.2);
  }
  expect(apart.figure("share of a second cause", "cyber/fraud")).toBeCloseTo(0.5);
  const shared = await verdict("theft", "vandalism", { train: 24, val: 12, test: 16 });
  expect(shared.figure("push", "theft/vandalism")).toBeCloseTo(1);
  expect(shared.figure("share of a second cause", "theft/vandalism")).toBeCloseTo(0);
}, 300_000);

it("with few prompts the battery says that it is undecided, and how many more would do", async () => {
  const found = await verdict("cyber", "fraud", { train: 8, val: 4, test: 4 });
  expect(found.verdict).toBe("undecided");
  expect(found.because).toMatch(/needs about \d+ more prompts of cyber/);
});
