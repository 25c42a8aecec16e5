import type { Capture } from "../../../shared/engine/engine.ts";
import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { Batch } from "./batch.ts";

/** Which (lane, column) pairs a block gathers: every capture of the block gets the same rows, and each picks its own. */
export interface CaptureRows {
  /** Flat pairs for the graph's index input. */
  pairs: number[];
  /** By lane: row of a position, or undefined where it is not gathered. */
  rowOf: Map<number, number>[];
}

/** By lane of the batch: positions that a capture takes, negative ones resolved. */
export function capturedPositions({ positions }: Capture, length: number): number[] {
  if (positions === "all") return Array.from({ length }, (_, position) => position);
  return positions.map((position) => (position < 0 ? length + position : position));
}

/** The union of what the captures at `points` take from the lanes of a batch. */
export function captureRows(captures: readonly Capture[], points: ReadonlySet<HookPoint>, batch: Batch): CaptureRows {
  const here = captures.filter(({ at }) => points.has(at));
  const pairs: number[] = [];
  const rowOf = batch.lanes.map((lane, index) => {
    const wanted = new Set(here.flatMap((capture) => capturedPositions(capture, lane.ids.length)));
    const rows = new Map<number, number>();
    for (const position of [...wanted].sort((a, b) => a - b)) {
      rows.set(position, pairs.length / 2);
      pairs.push(index, position + (batch.offsets[index] as number));
    }
    return rows;
  });
  return { pairs, rowOf };
}

/** One capture's rows of one lane out of what its block gathered; a view where they lie together. */
export function pickRows(
  capture: Capture,
  length: number,
  rows: ReadonlyMap<number, number>,
  gathered: Float32Array,
  dModel: number,
): Float32Array {
  const wanted = capturedPositions(capture, length).map((position) => rows.get(position) as number);
  const first = wanted[0] ?? 0;
  if (wanted.every((row, i) => row === first + i)) {
    return gathered.subarray(first * dModel, (first + wanted.length) * dModel);
  }
  const out = new Float32Array(wanted.length * dModel);
  for (const [i, row] of wanted.entries()) out.set(gathered.subarray(row * dModel, (row + 1) * dModel), i * dModel);
  return out;
}
