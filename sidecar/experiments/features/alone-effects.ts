import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { mean, type NamedEdits, type Outcomes, outcomesOf, rate } from "../study/outcomes.ts";

/** What ablating one feature alone takes down on a component's validation prompts. */
export interface AloneEffect {
  feature: number;
  /** Of the share of refused prompts. */
  drop: number;
  /** Of the mean first-token score, in logits. */
  scoreDrop: number;
  n: number;
}

interface Ablated {
  set: readonly number[];
  val: readonly StudyPrompt[];
  /** Outcomes without an edit. */
  before: Outcomes | undefined;
  /** Outcomes of the sets that were tried, by their size. */
  together: readonly Outcomes[];
}

/** The ablation effect of each feature of a set by itself; a set of one was measured already. */
export async function aloneEffects(
  study: Study,
  dictionary: Dictionary,
  { set, val, before, together }: Ablated,
): Promise<AloneEffect[]> {
  const single = together.find(({ condition }) => condition === "1");
  let after: readonly (Outcomes | undefined)[] = [single];
  if (set.length > 1) {
    const rest: NamedEdits[] = [];
    for (const feature of set.slice(1)) {
      rest.push({ name: String(feature), edits: await study.scaleFeatures(dictionary, [feature], 0) });
    }
    after = [single, ...(await outcomesOf(study, val, rest))];
  }
  return set.map((feature, k) => ({
    feature,
    drop: rate(before?.refused ?? []) - rate(after[k]?.refused ?? []),
    scoreDrop: mean(before?.score ?? []) - mean(after[k]?.score ?? []),
    n: val.length,
  }));
}
