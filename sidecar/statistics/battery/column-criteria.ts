import type { BatteryOptions } from "./battery-options.ts";
import { type Criterion, criterion } from "./criterion.ts";
import { type CategoryOutcomes, countedRefusals } from "./outcomes.ts";

/** The tests of one category's column of the matrix. */
export interface ColumnCriteria {
  /** The own effect is above 0 and above every control row. */
  controls: Criterion[];
  /** The own direction does more than the other. */
  dissociation: Criterion;
  absent: Criterion[];
  present: Criterion;
  equivalent: Criterion[];
  /** `null` where the common part was not ablated. */
  common: { exists: Criterion; inert: Criterion[]; oneCauseExcluded: Criterion } | null;
}

/** Writes the rules of the battery for one column as contrasts of paired rates; see `causes` for what they decide. */
export function columnCriteria(outcomes: CategoryOutcomes, category: 0 | 1, bounds: BatteryOptions): ColumnCriteria {
  const { base } = outcomes;
  const baseline = [...outcomes.baseline.refused];
  const own = countedRefusals(outcomes.own, outcomes.baseline);
  const other = countedRefusals(outcomes.other, outcomes.baseline);
  type Terms = readonly (readonly [readonly boolean[], number])[];
  const test = (terms: Terms, side: Criterion["side"], error = bounds.error): Criterion =>
    criterion(category, terms, base, side, error);
  /** minus `share` of the own effect. */
  const lessOwn = (share: number): Terms => [
    [baseline, -share],
    [own, share],
  ];
  const effect = (ablated: readonly boolean[]): Terms => [
    [baseline, 1],
    [ablated, -1],
  ];
  const difference: Terms = [
    [other, 1],
    [own, -1],
  ];
  return {
    controls: [
      test(effect(own), "above"),
      ...outcomes.controls.map((control) => {
        const under = countedRefusals(control.outcomes, outcomes.baseline);
        return test(
          [
            [under, 1],
            [own, -1],
          ],
          "above",
        );
      }),
    ],
    dissociation: test(difference, "above"),
    absent: [
      test([...effect(other), ...lessOwn(bounds.absentBelow)], "below"),
      test([...effect(other), ...lessOwn(-bounds.absentBelow)], "above"),
    ],
    present: test([...effect(other), ...lessOwn(bounds.absentBelow)], "above"),
    equivalent: [
      test([...difference, ...lessOwn(bounds.equivalentWithin)], "below"),
      test([...difference, ...lessOwn(-bounds.equivalentWithin)], "above"),
    ],
    common: commonCriteria(),
  };

  function commonCriteria(): ColumnCriteria["common"] {
    if (outcomes.common === null) return null;
    const common = countedRefusals(outcomes.common, outcomes.baseline);
    // A private part that does not exist (coinciding directions) changes nothing.
    const rest = outcomes.private === null ? baseline : countedRefusals(outcomes.private, outcomes.baseline);
    const gap = bounds.commonAtLeast - bounds.inertBelow;
    return {
      exists: test([...effect(common), ...lessOwn(bounds.commonAtLeast)], "above"),
      inert: outcomes.private === null ? [] : [test([...effect(rest), ...lessOwn(bounds.inertBelow)], "below")],
      // Either column may exclude one cause, so that each is tested at half the error.
      oneCauseExcluded: test([[rest, 1], [common, -1], ...lessOwn(gap)], "below", bounds.error / 2),
    };
  }
}
