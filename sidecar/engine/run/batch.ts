import type { Lane } from "../../../shared/engine/engine.ts";
import type { KvStyle } from "../../../shared/engine/model-description.ts";

/** Lanes that run together; columns are the positions of the tensors that the graph sees. */
export interface Batch {
  /** Indices into the request's lanes. */
  members: number[];
  lanes: Lane[];
  /** Width of the prompts, padded. */
  columns: number;
  /** By lane: the column of its first token; 0 where padding is on the right. */
  offsets: number[];
}

export interface BatchLimits {
  lanes: number;
  /** Lanes times columns. */
  tokens: number;
}

/** The limits for a model whose lanes would change one another's numbers in one batch: one lane at a time. */
export function lanesTogether(limits: BatchLimits, model: { quantisesTogether: boolean }): BatchLimits {
  return model.quantisesTogether ? { ...limits, lanes: 1 } : limits;
}

/**
 * Splits lanes into batches of like lengths within the limits.
 *
 * A single pass pads on the right: causal attention keeps real positions from seeing what follows them. Decoding with a cache that grows by
 * concatenation pads on the left, where new keys must follow the prompt's directly, and without position ids only equal lengths go together.
 */
export function makeBatches(
  lanes: readonly Lane[],
  options: { decode: boolean; kv: KvStyle; positionIds: boolean; limits: BatchLimits },
): Batch[] {
  const left = options.decode && options.kv === "concat";
  const equal = left && !options.positionIds;
  const order = lanes.map((_, index) => index).sort((a, b) => length(lanes, a) - length(lanes, b) || a - b);
  const groups: number[][] = [];
  for (const index of order) {
    const group = groups.at(-1);
    const columns = length(lanes, index);
    const fits =
      group !== undefined &&
      group.length < options.limits.lanes &&
      (group.length + 1) * columns <= options.limits.tokens &&
      !(equal && length(lanes, group[0] as number) !== columns);
    if (fits) group.push(index);
    else groups.push([index]);
  }
  return groups.map((members) => {
    const ordered = members.sort((a, b) => a - b);
    const columns = Math.max(...ordered.map((index) => length(lanes, index)));
    return {
      members: ordered,
      lanes: ordered.map((index) => lanes[index] as Lane),
      columns,
      offsets: ordered.map((index) => (left ? columns - length(lanes, index) : 0)),
    };
  });
}

function length(lanes: readonly Lane[], index: number): number {
  return lanes[index]?.ids.length ?? 0;
}
