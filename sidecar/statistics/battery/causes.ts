import { holm } from "../holm.ts";
import { contrastPAbove } from "../paired-contrast.ts";
import { seeded } from "../random.ts";
import { BATTERY_DEFAULTS, type BatteryOptions } from "./battery-options.ts";
import { causesFigures } from "./causes-figures.ts";
import { describeEffects, describeFailedControl, describeParts, percent } from "./causes-in-words.ts";
import { columnCriteria } from "./column-criteria.ts";
import { allHold, type Criterion, holds, neededByCategory } from "./criterion.ts";
import type { CategoryOutcomes } from "./outcomes.ts";
import { promptsNeeded } from "./prompts-needed.ts";
import type { CausesWord, HalfVerdict } from "./result.ts";

type Pair<T> = readonly [T, T];

/**
 * Whether two components have one cause or two, from refusals under ablation (see "Causes" in the methods).
 *
 * Every rule is a one-sided test of a contrast of paired rates on one category's prompts (`contrastLimits`), so that "undecided" at
 * small n follows from the intervals. A conjunction of tests needs no correction; the two of the double dissociation are Holm-corrected.
 *
 * - one: equivalence in both columns, or a common cause (its ablation keeps >= 70% of the own effect) with an inert private part (< 25%).
 * - distinct: double dissociation *within* each category, both cross-effects absent, and one cause excluded.
 * - overlapping: double dissociation, a cross-effect present, and one cause excluded.
 *
 * One cause is *excluded* when in either column the common part outdoes the private one by less than "common and inert" needs
 * (70% - 25% = 45% of the own effect, upper limit, half the error for each column). Asking instead that a common cause was not *shown*
 * ("distinct, unless") would take a test's failure for evidence. For two separate knobs the common part and the private line remove the
 * same half of each, or the one more of the first and the other more of the second, so that the exclusion costs no power; for one cause
 * the common part must be the right one: see `commonCandidates`.
 *
 * @param of names of the two components, which name their categories too.
 * @param seed of the bootstrap of score effects.
 */
export function causes(
  of: Pair<string>,
  categories: Pair<CategoryOutcomes>,
  options: Partial<BatteryOptions> = {},
  seed = 0,
): HalfVerdict<CausesWord> & { missing: string | null } {
  const bounds = { ...BATTERY_DEFAULTS, ...options };
  const empty = categories.findIndex(({ base }) => base.length === 0);
  if (empty >= 0) {
    return { verdict: "undecided", because: `there is no test prompt of ${of[empty]}`, missing: null, figures: [] };
  }
  const random = seeded(seed, of.join("/"));
  const figures = [...causesFigures(of, categories[0], 0, random), ...causesFigures(of, categories[1], 1, random)];
  const undecided = (
    because: string,
    missing: string | null,
  ): HalfVerdict<CausesWord> & { missing: string | null } => ({
    verdict: "undecided",
    because: missing === null ? because : `${because}; ${missing}`,
    missing,
    figures,
  });
  const unfit = categories.findIndex(
    ({ baseline, controls }) => !baseline.refused.some(Boolean) || controls.length === 0,
  );
  if (unfit >= 0) return undecided(unfitColumn(of[unfit] as string, categories[unfit] as CategoryOutcomes), null);

  const columns = [columnCriteria(categories[0], 0, bounds), columnCriteria(categories[1], 1, bounds)] as const;
  const controls = columns.flatMap((column) => column.controls);
  const equivalent = columns.flatMap((column) => column.equivalent);
  const dissociation = columns.map((column) => column.dissociation);
  const absent = columns.flatMap((column) => column.absent);
  const present = columns.map((column) => column.present);
  const shared = columns.flatMap(({ common }) => (common === null ? [] : [common.exists, ...common.inert]));
  const excluded = columns.flatMap(({ common }) => (common === null ? [] : [common.oneCauseExcluded]));
  const measured = excluded.length === 2;

  const effects = describeEffects(of, figures);
  const parts = measured ? describeParts(of, figures) : "the common part was not ablated";
  const decided = (verdict: CausesWord, why: string): HalfVerdict<CausesWord> & { missing: null } => ({
    verdict,
    because: `${effects}; ${why}`,
    missing: null,
    figures,
  });
  if (!allHold(controls)) {
    const failed = columns.flatMap((column, index) => {
      const at = column.controls.findIndex((one) => !holds(one));
      const control = at <= 0 ? null : (categories[index]?.controls[at - 1]?.name ?? null);
      return at < 0 ? [] : [describeFailedControl(of[index] as string, control, figures)];
    });
    return undecided(failed.join("; "), missingOf(of, categories, [controls]));
  }
  if (allHold(equivalent)) {
    return decided(
      "one",
      `on each category the two differ by less than ${percent(bounds.equivalentWithin)} of its own effect`,
    );
  }
  if (measured && allHold(shared)) {
    return decided(
      "one",
      `${parts}: the common part keeps at least ${percent(bounds.commonAtLeast)} of both effects and what is private has less than ${percent(bounds.inertBelow)}`,
    );
  }
  const dissociated = holm(dissociation.map((one) => contrastPAbove(one.table))).every((p) => p <= bounds.error);
  if (dissociated && excluded.some((one) => holds(one))) {
    const share = percent(bounds.absentBelow);
    if (allHold(absent)) {
      return decided(
        "distinct",
        `both cross-effects are below ${share} of their column's own effect and no common part holds both (${parts})`,
      );
    }
    if (present.some((one) => holds(one))) {
      return decided(
        "overlapping",
        `each does more to its own category than the other does, but a cross-effect is above ${share} of its column's own effect`,
      );
    }
  }
  const corrected = dissociation.map((one) => ({ ...one, error: bounds.error / 2 }));
  const ways = [
    [...controls, ...equivalent],
    ...(measured ? [[...controls, ...shared]] : []),
    ...excluded.flatMap((out) =>
      [absent, ...present.map((one) => [one])].map((last) => [...controls, ...corrected, out, ...last]),
    ),
  ];
  return undecided(`${effects}; ${parts}`, missingOf(of, categories, ways));
}

function unfitColumn(name: string, { baseline, base, controls }: CategoryOutcomes): string {
  if (controls.length === 0)
    return `no control direction was ablated on ${name}, so that nothing is concluded about it`;
  const refused = baseline.refused.filter(Boolean).length;
  return `the model refuses ${refused} of ${base.length} prompts of ${name} as it is, so that no ablation can take a refusal away`;
}

/** The cheapest way to a decision: of the ways, the one that needs the fewest more prompts at the rates seen. */
function missingOf(
  of: Pair<string>,
  categories: Pair<CategoryOutcomes>,
  ways: readonly (readonly Criterion[])[],
): string {
  let best: [number, number] | null = null;
  let fewest = Infinity;
  for (const way of ways) {
    const growth = neededByCategory(way);
    const more = (growth[0] - 1) * categories[0].base.length + (growth[1] - 1) * categories[1].base.length;
    if (more < fewest) [best, fewest] = [growth, more];
  }
  if (best === null) return "more prompts would not decide it: at the rates seen the effects meet no rule";
  const sets = best.map((growth, c) => ({ name: of[c] as string, n: categories[c]?.base.length ?? 0, growth }));
  return promptsNeeded(sets, "prompt");
}
