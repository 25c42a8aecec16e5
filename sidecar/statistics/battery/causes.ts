import type { Figure } from "../figure.ts";
import { holm } from "../holm.ts";
import { contrastPAbove } from "../paired-contrast.ts";
import { rateInterval } from "../rate-interval.ts";
import { BATTERY_DEFAULTS, type BatteryOptions } from "./battery-options.ts";
import { allHold, type Criterion, criterion, holds, neededByCategory } from "./criterion.ts";
import { effectFigure } from "./effect-figure.ts";
import { type CategoryOutcomes, countedRefusals } from "./outcomes.ts";
import { promptsNeeded } from "./prompts-needed.ts";
import type { CausesWord, HalfVerdict } from "./result.ts";

interface Column {
  name: string;
  criteria: {
    controls: Criterion[];
    dissociation: Criterion;
    absent: Criterion[];
    present: Criterion;
    equivalent: Criterion[];
    /** `null` where the ablations of the common or the private part were not run. */
    common: { exists: Criterion; inert: Criterion[]; oneCauseExcluded: Criterion } | null;
  };
}

/**
 * Whether two components have one cause or two, from refusals under ablation (see "Causes" in the methods).
 *
 * Every rule is a one-sided test of a contrast of paired rates on one category's prompts (`contrastLimits`), so that "undecided" at
 * small n follows from the intervals. A conjunction of tests needs no correction; the two of the double dissociation are Holm-corrected.
 *
 * - one: equivalence in both columns, or a common cause (bisector keeps >= 70% of the own effect) with inert private parts (< 25%).
 * - distinct: double dissociation *within* each category, both cross-effects absent, and one cause excluded.
 * - overlapping: double dissociation, a cross-effect present, and one cause excluded.
 *
 * One cause is *excluded* in a column when the bisector outdoes the private part by less than the gap that "common and inert" needs
 * (70% - 25% = 45% of the own effect, upper limit). Asking instead that a common cause was not *shown* ("distinct unless ...") takes
 * a test's failure for evidence: one cause whose bisector keeps 60% to 80% then passes for two. For two separate knobs the bisector and
 * the private line remove the same half of each, so their difference is near 0 and the exclusion costs no power.
 *
 * @param of names of the two components, which name their categories too.
 */
export function causes(
  of: readonly [string, string],
  categories: readonly [CategoryOutcomes, CategoryOutcomes],
  options: Partial<BatteryOptions> = {},
): HalfVerdict<CausesWord> & { missing: string | null } {
  const bounds = { ...BATTERY_DEFAULTS, ...options };
  for (const index of [0, 1] as const) {
    if (categories[index].base.length === 0) {
      return { verdict: "undecided", because: `there is no test prompt of ${of[index]}`, missing: null, figures: [] };
    }
  }
  const figures = [...figuresOf(of, categories, 0), ...figuresOf(of, categories, 1)];
  for (const index of [0, 1] as const) {
    const because = nothingToLift(of[index], categories[index]);
    if (because !== null) return { verdict: "undecided", because, missing: null, figures };
  }
  const columns = [column(of, categories, 0, bounds), column(of, categories, 1, bounds)] as const;
  const inBoth = (pick: (criteria: Column["criteria"]) => readonly Criterion[]): Criterion[] => [
    ...pick(columns[0].criteria),
    ...pick(columns[1].criteria),
  ];
  const controls = inBoth((c) => c.controls);
  const equivalent = inBoth((c) => c.equivalent);
  const dissociation = inBoth((c) => [c.dissociation]);
  const absent = inBoth((c) => c.absent);
  const present = inBoth((c) => [c.present]);
  const measured = columns[0].criteria.common !== null && columns[1].criteria.common !== null;
  const shared = inBoth((c) => (c.common === null ? [] : [c.common.exists, ...c.common.inert]));
  const excluded = inBoth((c) => (c.common === null ? [] : [c.common.oneCauseExcluded]));

  const effects = describeEffects(of, figures);
  if (!allHold(controls)) {
    const missing = missingOf(of, categories, [controls]);
    return {
      verdict: "undecided",
      because: `${describeControls(of, categories, columns, figures)}${missing}`,
      missing: missing,
      figures,
    };
  }
  if (allHold(equivalent)) {
    const because = `${effects}; on each category the two differ by less than ${percent(bounds.equivalentWithin)} of its own effect`;
    return { verdict: "one", because, missing: null, figures };
  }
  if (measured && allHold(shared)) {
    const because = `${effects}; ${describeParts(of, figures)}: the common part keeps at least ${percent(bounds.commonAtLeast)} of both effects, the private parts have less than ${percent(bounds.inertBelow)}`;
    return { verdict: "one", because, missing: null, figures };
  }
  const dissociated = holm(dissociation.map((one) => contrastPAbove(one.table))).every((p) => p <= bounds.error);
  if (dissociated && excluded.some((one) => holds(one))) {
    if (allHold(absent)) {
      const because = `${effects}; both cross-effects are below ${percent(bounds.absentBelow)} of their column's own effect, and the common part does no more than the private ones (${describeParts(of, figures)})`;
      return { verdict: "distinct", because, missing: null, figures };
    }
    if (present.some((one) => holds(one))) {
      const because = `${effects}; each direction does more to its own category than the other does, but a cross-effect is above ${percent(bounds.absentBelow)} of its column's own effect`;
      return { verdict: "overlapping", because, missing: null, figures };
    }
  }
  const corrected = dissociation.map((one) => ({ ...one, error: bounds.error / 2 }));
  const ways = [
    [...controls, ...equivalent],
    ...(measured
      ? [
          [...controls, ...shared],
          ...excluded.flatMap((out) => [
            [...controls, ...corrected, out, ...absent],
            ...present.map((one) => [...controls, ...corrected, out, one]),
          ]),
        ]
      : []),
  ];
  const missing = missingOf(of, categories, ways);
  const parts = measured ? `, ${describeParts(of, figures)}` : "; the common and private parts were not ablated";
  return { verdict: "undecided", because: `${effects}${parts}; ${missing}`, missing: missing, figures };
}

function column(
  of: readonly [string, string],
  categories: readonly [CategoryOutcomes, CategoryOutcomes],
  index: 0 | 1,
  bounds: BatteryOptions,
): Column {
  const outcomes = categories[index];
  const { base, error } = { base: outcomes.base, error: bounds.error };
  const baseline = [...outcomes.baseline.refused];
  const own = countedRefusals(outcomes.own, outcomes.baseline);
  const other = countedRefusals(outcomes.other, outcomes.baseline);
  // An effect of d as a share of the own effect: (baseline - d) - share * (baseline - own).
  const against = (ablated: readonly boolean[], share: number, side: Criterion["side"]): Criterion =>
    criterion(
      index,
      [
        [baseline, 1 - share],
        [ablated, -1],
        [own, share],
      ],
      base,
      side,
      error,
    );
  const difference = (share: number, side: Criterion["side"]): Criterion =>
    criterion(
      index,
      [
        [other, 1],
        [own, -1],
        [baseline, -share],
        [own, share],
      ],
      base,
      side,
      error,
    );
  return {
    name: of[index],
    criteria: {
      controls: outcomes.controls.map((control) =>
        criterion(
          index,
          [
            [countedRefusals(control.outcomes, outcomes.baseline), 1],
            [own, -1],
          ],
          base,
          "above",
          error,
        ),
      ),
      dissociation: criterion(
        index,
        [
          [other, 1],
          [own, -1],
        ],
        base,
        "above",
        error,
      ),
      absent: [against(other, bounds.absentBelow, "below"), against(other, -bounds.absentBelow, "above")],
      present: against(other, bounds.absentBelow, "above"),
      equivalent: [difference(bounds.equivalentWithin, "below"), difference(-bounds.equivalentWithin, "above")],
      common: commonCriteria(outcomes, index, bounds, baseline, own, against),
    },
  };
}

function commonCriteria(
  outcomes: CategoryOutcomes,
  index: 0 | 1,
  bounds: BatteryOptions,
  baseline: readonly boolean[],
  own: readonly boolean[],
  against: (ablated: readonly boolean[], share: number, side: Criterion["side"]) => Criterion,
): Column["criteria"]["common"] {
  if (outcomes.common === null) return null;
  const common = countedRefusals(outcomes.common, outcomes.baseline);
  // A private part that does not exist (coinciding directions) changes nothing.
  const rest = outcomes.private === null ? baseline : countedRefusals(outcomes.private, outcomes.baseline);
  const gap = bounds.commonAtLeast - bounds.inertBelow;
  return {
    exists: against(common, bounds.commonAtLeast, "above"),
    inert: outcomes.private === null ? [] : [against(rest, bounds.inertBelow, "below")],
    oneCauseExcluded: criterion(
      index,
      [
        [rest, 1],
        [common, -1],
        [baseline, -gap],
        [own, gap],
      ],
      outcomes.base,
      "below",
      bounds.error / 2,
    ),
  };
}

function figuresOf(
  of: readonly [string, string],
  categories: readonly [CategoryOutcomes, CategoryOutcomes],
  index: 0 | 1,
): Figure[] {
  const outcomes = categories[index];
  const category = of[index];
  const effect = (direction: string, ablated: CategoryOutcomes["own"]): Figure =>
    effectFigure([direction, category], outcomes.base, outcomes.baseline, ablated);
  const figures: Figure[] = [
    { name: "refusal rate", of: [category], ...rateInterval(outcomes.baseline.refused, outcomes.base), unit: "rate" },
    effect(category, outcomes.own),
    effect(of[1 - index] as string, outcomes.other),
  ];
  if (outcomes.common !== null)
    figures.push({ ...effect(category, outcomes.common), name: "effect of the common part", of: [category] });
  if (outcomes.private !== null)
    figures.push({ ...effect(category, outcomes.private), name: "effect of the private part", of: [category] });
  for (const control of outcomes.controls)
    figures.push({ ...effect(control.name, control.outcomes), name: "control effect" });
  const degenerate = outcomes.own.degenerate;
  if (degenerate?.some(Boolean)) {
    figures.push({
      name: "degenerate replies",
      of: [category, category],
      ...rateInterval(degenerate, outcomes.base),
      unit: "rate",
    });
  }
  return figures;
}

function nothingToLift(name: string, { baseline, base }: CategoryOutcomes): string | null {
  if (baseline.refused.some(Boolean)) return null;
  return `the model refuses 0 of ${base.length} prompts of ${name} as it is, so that no ablation can lift a refusal`;
}

function find(figures: readonly Figure[], name: string, of: readonly string[]): Figure | undefined {
  return figures.find((figure) => figure.name === name && figure.of.join("\n") === of.join("\n"));
}

const rate = (figure: Figure | undefined): string => (figure === undefined ? "unknown" : figure.estimate.toFixed(2));
const percent = (share: number): string => `${Math.round(share * 100)}%`;

function describeEffects(of: readonly [string, string], figures: readonly Figure[]): string {
  const [a, b] = of;
  const effect = (d: string, c: string): string => rate(find(figures, "effect", [d, c]));
  return `ablating ${a} lifts ${effect(a, a)} of the refusals of ${a} and ablating ${b} lifts ${effect(b, a)}; of ${b}, ${b} lifts ${effect(b, b)} and ${a} ${effect(a, b)}`;
}

function describeParts(of: readonly [string, string], figures: readonly Figure[]): string {
  const part = (name: string): string => of.map((category) => rate(find(figures, name, [category]))).join(" and ");
  return `common part ${part("effect of the common part")}, private parts ${part("effect of the private part")}`;
}

function describeControls(
  of: readonly [string, string],
  categories: readonly [CategoryOutcomes, CategoryOutcomes],
  columns: readonly [Column, Column],
  figures: readonly Figure[],
): string {
  const failing: string[] = [];
  for (const index of [0, 1] as const) {
    const at = columns[index].criteria.controls.findIndex((one) => !holds(one));
    if (at < 0) continue;
    const name = of[index];
    const control = categories[index].controls[at]?.name ?? "";
    const own = rate(find(figures, "effect", [name, name]));
    failing.push(
      `ablating ${name} lifts ${own} of its refusals, not shown to be more than the control ${control} does (${rate(find(figures, "control effect", [control, name]))})`,
    );
  }
  return `${failing.join("; ")}: nothing is concluded; `;
}

/** The cheapest way to a decision: of the ways, the one that needs the fewest more prompts at the rates seen. */
function missingOf(
  of: readonly [string, string],
  categories: readonly [CategoryOutcomes, CategoryOutcomes],
  ways: readonly (readonly Criterion[])[],
): string {
  let best: [number, number] | null = null;
  let fewest = Infinity;
  for (const way of ways) {
    const growth = neededByCategory(way);
    const more = growth.reduce((sum, g, c) => sum + (g - 1) * (categories[c]?.base.length ?? 0), 0);
    if (more < fewest) [best, fewest] = [growth, more];
  }
  if (best === null) return "more prompts would not decide it: at the rates seen, the effects meet no rule";
  const sets = best.map((growth, c) => ({ name: of[c] as string, n: categories[c]?.base.length ?? 0, growth }));
  return promptsNeeded(sets, "prompts");
}
