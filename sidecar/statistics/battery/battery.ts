import type { BatteryInput } from "./battery-input.ts";
import { pairVerdict } from "./pair-verdict.ts";
import type { BatteryResult, PairResult } from "./result.ts";

/**
 * The battery of a pair over the layers that qualify. A verdict belongs to a layer: components that are told apart early can feed one
 * decision later. The headline is the verdict at the last layer given; `mergeLayer` is the first layer from which there is one cause.
 * @param input outcomes and activations per qualifying layer, in any order; see `qualifyingLayers`.
 */
export function battery({ of, layers, options, seed }: BatteryInput): BatteryResult {
  return verdictOverLayers(
    of,
    layers.map((layer) => pairVerdict(of, layer, options, seed)),
  );
}

/** The battery's headline from verdicts that were made layer by layer (`pairVerdict`), in any order: what a run keeps of each layer. */
export function verdictOverLayers(of: readonly [string, string], layers: readonly PairResult[]): BatteryResult {
  const results = [...layers].sort((p, q) => p.layer - q.layer);
  const headline = results.at(-1);
  if (headline === undefined) {
    const because = `There is no layer below the output at which ablating each of ${of[0]} and ${of[1]} has at least half of its own effect, so that no layer can be judged.`;
    return {
      figures: [],
      layers: [],
      verdict: { of, verdict: "undecided", because, figures: [], layer: null, byLayer: [], mergeLayer: null },
    };
  }
  return {
    figures: headline.figures,
    layers: results,
    verdict: {
      ...headline.verdict,
      layer: headline.layer,
      byLayer: results.map(({ layer, verdict, shapes, causes }) => ({
        layer,
        verdict: verdict.verdict,
        shapes,
        causes,
      })),
      mergeLayer: mergeLayer(results),
    },
  };
}

/**
 * The first layer with one cause after which no layer decides otherwise; `null` where the last decided layer has not one cause.
 * @param results in ascending order of layers.
 */
export function mergeLayer(results: readonly Pick<PairResult, "layer" | "causes">[]): number | null {
  let merged: number | null = null;
  for (const { layer, causes } of results) {
    if (causes === "one") merged ??= layer;
    else if (causes !== "undecided") merged = null;
  }
  return merged;
}
