import { describe, expect, it } from "vitest";
import { battery, mergeLayer } from "../../../sidecar/statistics/battery/battery.ts";
import type { LayerInput } from "../../../sidecar/statistics/battery/battery-input.ts";
import { causes } from "../../../sidecar/statistics/battery/causes.ts";
import type { CategoryOutcomes, ConditionOutcomes } from "../../../sidecar/statistics/battery/outcomes.ts";
import { pairVerdictWord } from "../../../sidecar/statistics/battery/pair-verdict.ts";
import { promptsNeeded } from "../../../sidecar/statistics/battery/prompts-needed.ts";
import { qualifyingLayers } from "../../../sidecar/statistics/battery/qualifying-layers.ts";
import { shapes } from "../../../sidecar/statistics/battery/shapes.ts";
import { simulateStudy } from "./simulated-model.ts";
import { WORLDS } from "./simulated-worlds.ts";

const N = 48;
/** The first `count` of N prompts refused. */
const refusing = (count: number, n = N): ConditionOutcomes => ({
  refused: Array.from({ length: n }, (_, i) => i < count),
});

/** A category whose prompts are all refused as they are; the numbers are refusals left under each ablation. */
function category(left: { own: number; other: number; common: number; private: number }, n = N): CategoryOutcomes {
  return {
    base: Array.from({ length: n }, (_, i) => `prompt ${i}`),
    baseline: refusing(n, n),
    own: refusing(left.own, n),
    other: refusing(left.other, n),
    common: refusing(left.common, n),
    private: refusing(left.private, n),
    controls: [{ name: "random 0", kind: "random", outcomes: refusing(n, n) }],
  };
}

const pair = (left: Parameters<typeof category>[0], n = N) => [category(left, n), category(left, n)] as const;
/** Changes both categories of a pair. */
const changed = (
  [first, second]: readonly [CategoryOutcomes, CategoryOutcomes],
  change: (one: CategoryOutcomes) => CategoryOutcomes,
): [CategoryOutcomes, CategoryOutcomes] => [change(first), change(second)];
const OF = ["cyber", "fraud"] as const;

function world(name: string, seed = 1): LayerInput {
  const found = WORLDS.find((one) => one.name === name);
  if (found === undefined) throw new Error(`There is no world named ${name}.`);
  return simulateStudy(found.model, 64, seed);
}

describe("causes of a pair", () => {
  it("are distinct when each direction takes down its own category alone and no common part holds both", () => {
    const result = causes(OF, pair({ own: 0, other: 48, common: 24, private: 24 }));
    expect(result.verdict).toBe("distinct");
    expect(result.because).toMatch(
      /on cyber, ablating cyber lowers the refusal rate by 1.00 and ablating fraud by 0.00/,
    );
  });

  it("are one when a common part takes down both and the private part neither, though the matrix alone says distinct", () => {
    expect(causes(OF, pair({ own: 0, other: 48, common: 0, private: 48 })).verdict).toBe("one");
  });

  it("are one when the two directions do the same", () => {
    expect(causes(OF, pair({ own: 0, other: 0, common: 0, private: 48 })).verdict).toBe("one");
  });

  it("overlap when a cross-effect is present beside a double dissociation", () => {
    expect(causes(OF, pair({ own: 0, other: 22, common: 10, private: 10 })).verdict).toBe("overlapping");
  });

  it("are undecided when a common part keeps half of the effect and the private part none, which neither rule covers", () => {
    expect(causes(OF, pair({ own: 0, other: 48, common: 24, private: 48 })).verdict).toBe("undecided");
  });

  it("are not called distinct where the common part was not ablated", () => {
    const blind = changed(pair({ own: 0, other: 48, common: 24, private: 24 }), (one) => ({ ...one, common: null }));
    const result = causes(OF, blind);
    expect(result.verdict).toBe("undecided");
    expect(result.because).toMatch(/the common part was not ablated/);
  });

  it("are not concluded about without a control row, or where a control does as much", () => {
    const [first, second] = pair({ own: 0, other: 48, common: 24, private: 24 });
    expect(causes(OF, [{ ...first, controls: [] }, second]).because).toMatch(
      /no control direction was ablated on cyber/,
    );
    const busy = { ...second, controls: [{ name: "random 3", kind: "random" as const, outcomes: refusing(2) }] };
    const result = causes(OF, [first, busy]);
    expect(result.verdict).toBe("undecided");
    expect(result.because).toMatch(/not shown to be more than what the control random 3 does \(0.96\)/);
  });

  it("say so when the model never refuses, or when there is no prompt", () => {
    const [first, second] = pair({ own: 0, other: 48, common: 24, private: 24 });
    expect(causes(OF, [first, { ...second, baseline: refusing(0) }]).because).toMatch(
      /the model refuses 0 of 48 prompts of fraud/,
    );
    const empty = category({ own: 0, other: 0, common: 0, private: 0 }, 0);
    const result = causes(OF, [empty, second]);
    expect(result.because).toBe("there is no test prompt of cyber");
    expect(result.figures).toEqual([]);
  });

  it("do not take replies that fell apart for lifted refusals", () => {
    const broken = changed(pair({ own: 0, other: 48, common: 24, private: 24 }), (one) => ({
      ...one,
      own: { ...one.own, degenerate: new Array<boolean>(N).fill(true) },
    }));
    const result = causes(OF, broken);
    expect(result.verdict).toBe("undecided");
    expect(result.figures.find(({ name }) => name === "degenerate replies")?.estimate).toBe(1);
    expect(result.figures.find(({ name, of }) => name === "effect" && of.join() === "cyber,cyber")?.estimate).toBe(0);
  });

  it("ask for more prompts where they would decide it, of the category that lacks them", () => {
    const [first] = pair({ own: 0, other: 48, common: 24, private: 24 });
    const few = category({ own: 0, other: 8, common: 4, private: 4 }, 8);
    const result = causes(OF, [first, few]);
    expect(result.verdict).toBe("undecided");
    expect(result.missing).toMatch(/^needs about \d+ more prompts? of fraud$/);
  });

  it("do not decide from variants of two bases what they decide from 48 prompts", () => {
    const variants = changed(pair({ own: 0, other: 48, common: 24, private: 24 }), (one) => ({
      ...one,
      base: one.base.map((_, i) => `base ${i % 2}`),
    }));
    expect(causes(OF, variants).verdict).toBe("undecided");
  });

  it("carry every effect as a figure with n and an interval, scores winsorised", () => {
    const [first, second] = pair({ own: 0, other: 48, common: 24, private: 24 });
    const scored = {
      ...first,
      baseline: { ...first.baseline, score: new Array<number>(N).fill(40) },
      own: { ...first.own, score: new Array<number>(N).fill(-2) },
    };
    const { figures } = causes(OF, [scored, second]);
    const effects = figures.filter(({ name }) => name === "effect").map(({ of }) => of.join(" on "));
    expect(effects).toEqual(["cyber on cyber", "fraud on cyber", "fraud on fraud", "cyber on fraud"]);
    for (const figure of figures) {
      expect(figure.n).toBe(N);
      expect(figure.low).toBeLessThanOrEqual(figure.estimate);
      expect(figure.high).toBeGreaterThanOrEqual(figure.estimate);
    }
    expect(figures.find(({ name }) => name === "score effect")?.estimate).toBe(14);
  });

  it("move with the bounds that a user sets", () => {
    const overlapping = pair({ own: 0, other: 22, common: 10, private: 10 });
    expect(causes(OF, overlapping, { absentBelow: 0.8 }).verdict).toBe("distinct");
  });
});

describe("shapes of a pair", () => {
  it("are distinct or one by the cross-fitted cosine, with the controls beside it", () => {
    const distinct = shapes(OF, world("independent knobs").samples);
    expect(distinct.verdict).toBe("distinct");
    expect(distinct.figures.map(({ name }) => name)).toEqual([
      "cosine",
      "plain cosine",
      "reliability",
      "reliability",
      "null cosine",
    ]);
    expect(shapes(OF, world("one linear knob").samples).verdict).toBe("one");
    expect(shapes(OF, world("one linear knob").samples, { shapeBound: 1.2 }).verdict).toBe("distinct");
  });

  it("are undecided for noise and for a handful of prompts, in words", () => {
    const noise = shapes(OF, world("noise only, refused almost always").samples);
    expect(noise.verdict).toBe("undecided");
    expect(noise.because).toMatch(/cannot be told from noise/);
    const [first, second] = world("independent knobs").samples;
    const two = {
      ...first,
      positive: { ...first.positive, data: first.positive.data.slice(0, 2 * first.positive.d), base: ["x", "y"] },
    };
    expect(shapes(OF, [two, second]).because).toMatch(/cyber has 2 training prompts/);
  });

  it("say how many training prompts part the cosine from the bound", () => {
    const { estimate } = shapes(OF, world("common cause with private content").samples).figures[0] as {
      estimate: number;
    };
    const close = shapes(OF, world("common cause with private content").samples, { shapeBound: estimate + 0.01 });
    expect(close.verdict).toBe("undecided");
    expect(close.missing).toMatch(
      /needs about \d+ more training prompts of cyber and about \d+ more training prompts of fraud/,
    );
  });
});

describe("the verdict", () => {
  it("is the two by two of shapes and causes", () => {
    expect(pairVerdictWord("distinct", "distinct")).toBe("detached");
    expect(pairVerdictWord("one", "one")).toBe("sintered");
    expect(pairVerdictWord("distinct", "one")).toBe("one cause under distinct shapes");
    expect(pairVerdictWord("one", "distinct")).toBe("distinct causes under one shape");
    expect(pairVerdictWord("undecided", "overlapping")).toBe("overlapping");
    expect(pairVerdictWord("undecided", "one")).toBe("undecided");
    expect(pairVerdictWord("one", "undecided")).toBe("undecided");
  });

  it("of a battery is that of the last qualifying layer, with the layer from which there is one cause", () => {
    const apart = { ...world("independent knobs"), layer: 3 };
    const merged = { ...world("common cause with private content"), layer: 5 };
    const result = battery({ of: OF, layers: [merged, apart] });
    expect(result.verdict).toMatchObject({
      verdict: "one cause under distinct shapes",
      layer: 5,
      mergeLayer: 5,
      byLayer: [
        { layer: 3, verdict: "detached" },
        { layer: 5, verdict: "one cause under distinct shapes" },
      ],
    });
    expect(result.verdict.figures).toHaveLength(result.figures.length);
    expect(battery({ of: OF, layers: [merged, apart] })).toEqual(result);
  });

  it("is undecided in words where no layer qualifies", () => {
    expect(battery({ of: OF, layers: [] }).verdict).toMatchObject({
      verdict: "undecided",
      layer: null,
      mergeLayer: null,
    });
  });

  it("merges at the first layer with one cause after which none decides otherwise", () => {
    const at = (...words: ("one" | "distinct" | "undecided")[]) =>
      mergeLayer(words.map((word, layer) => ({ layer, causes: word })));
    expect(at("distinct", "one", "undecided", "one")).toBe(1);
    expect(at("one", "distinct", "one")).toBe(2);
    expect(at("one", "distinct")).toBeNull();
    expect(at("undecided")).toBeNull();
  });

  it("belongs to layers below 0.8 L where both keep half of their own effect", () => {
    const effects = [0.1, 0.6, 0.9, 0.8, 0.9].map((effect, layer) => ({
      layer,
      own: [effect, layer === 3 ? 0.2 : 0.9] as const,
    }));
    expect(qualifyingLayers(effects, 5)).toEqual([1, 2]);
    expect(qualifyingLayers(effects, 10)).toEqual([1, 2, 4]);
    expect(qualifyingLayers(effects, 10, [2, 2])).toEqual([]);
    expect(qualifyingLayers([{ layer: 1, own: [0, 0] }], 10)).toEqual([]);
  });

  it("asks for a round number of prompts", () => {
    expect(promptsNeeded([{ name: "fraud", n: 48, growth: 2.2 }], "prompt")).toBe(
      "needs about 60 more prompts of fraud",
    );
    expect(promptsNeeded([{ name: "fraud", n: 10, growth: 1.05 }], "prompt")).toBe(
      "needs about 1 more prompt of fraud",
    );
    expect(
      promptsNeeded(
        [
          { name: "a", n: 100, growth: 3.4 },
          { name: "b", n: 5, growth: 1 },
        ],
        "prompt",
      ),
    ).toBe("needs about 250 more prompts of a");
  });
});
