import type { Batch } from "./batch.ts";
import type { StepInputs } from "./batch-run.ts";
import type { Step } from "./step.ts";

/** The step that runs a batch's prompts, and what the graph's own inputs get. */
export function prefillStep(batch: Batch, prompts: readonly number[]): { step: Step; inputs: StepInputs } {
  const { lanes, columns, offsets } = batch;
  const step: Step = {
    prompts,
    columns,
    firstPositions: offsets.map((offset) => 0 - offset),
    lengths: lanes.map(({ ids }) => ids.length),
  };
  const ids: number[] = [];
  const mask: number[] = [];
  const positions: number[] = [];
  for (const [lane, { ids: own }] of lanes.entries()) {
    const offset = offsets[lane] as number;
    for (let column = 0; column < columns; column++) {
      const id = own[column - offset];
      ids.push(id ?? (own.at(-1) as number));
      mask.push(id === undefined ? 0 : 1);
      positions.push(Math.max(0, column - offset));
    }
  }
  return { step, inputs: { ids, mask, attended: columns, positions } };
}
