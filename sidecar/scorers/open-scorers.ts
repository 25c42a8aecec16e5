import { resolve } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { Scorer } from "../../shared/plugin/scorer.ts";
import type { ScorerSpec } from "../../shared/spec/spec-schema.ts";
import type { PluginRegistry } from "../plugins/registry.ts";
import { ensembleScorer } from "./ensemble-scorer.ts";
import { openOnnxScorer } from "./onnx-scorer.ts";

/** Opens the scorers of a spec, in order, by the names that it gives them. */
export async function openScorers(
  specs: readonly ScorerSpec[],
  registry: PluginRegistry,
  specFolder: string,
): Promise<ReadonlyMap<string, Scorer>> {
  const scorers = new Map<string, Scorer>();
  const find = (name: string): Scorer => scorers.get(name) ?? registry.find("scorers", name);
  for (const spec of specs) {
    if (typeof spec === "string") {
      scorers.set(spec, find(spec));
      continue;
    }
    if (scorers.has(spec.name)) throw refused(`scorers: "${spec.name}" is named twice.`);
    if ("ensemble" in spec) {
      scorers.set(spec.name, ensembleScorer(spec.name, spec.ensemble.map(find)));
      continue;
    }
    scorers.set(
      spec.name,
      await openOnnxScorer({
        name: spec.name,
        folder: resolve(specFolder, spec.onnx),
        reads: spec.reads,
        refusal: spec.refusal ?? null,
        threshold: spec.threshold ?? 0,
      }),
    );
  }
  return scorers;
}
