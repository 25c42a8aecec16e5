/** One run of the blocks over a batch: which position of which lane each column holds. */
export interface Step {
  /** By lane. */
  prompts: readonly number[];
  columns: number;
  /** By lane: position of column 0; negative where padding is on the left. */
  firstPositions: readonly number[];
  /** By lane: how many tokens it has with this step's, or 0 for a lane that is finished and runs along untouched. */
  lengths: readonly number[];
}

/** The position that a column holds, or -1 for padding. */
export function positionOf(step: Step, lane: number, column: number): number {
  const position = (step.firstPositions[lane] as number) + column;
  return position >= 0 && position < (step.lengths[lane] as number) ? position : -1;
}
