import type { HookPoint } from "./hook-point.ts";
import type { Positions } from "./positions.ts";

/** What a row of a dictionary that normalises each input divides its reading by, and multiplies what it writes by: of each x, its length or the sample deviation of its values. */
export type RowNorm = "length" | "deviation";

/**
 * One row of a hook point's slot bank, the one formula of every edit:
 * `z = x·u + b;  f = z where z > theta, else 0;  x' = x + mask·(c + g·f)·v`.
 *
 * add: u null, c scale. ablate: u = v = a unit vector, g -1, theta -Infinity. affine: the same with c target. clamp with the error kept:
 * u encoder column, v decoder row, c value, g -1. scale: g factor - 1.
 */
export interface SlotRow {
  at: HookPoint;
  /** `[dModel]`; `null` reads nothing (f is 0). */
  u: Float32Array | null;
  /** `[dModel]`. */
  v: Float32Array;
  b: number;
  theta: number;
  c: number;
  g: number;
  positions: Positions;
  /** Reads in the measure of each x: `z = x·u/n + b` and `x' = x + mask·(c + g·f)·n·v` with n the norm. */
  norm?: RowNorm;
  /**
   * The feature of a TopK dictionary: f is 0 unless z is among the `rank` largest of the rows of this lane, hook point and edit. Such rows
   * stand together for every feature, those that change nothing with c and g of 0.
   */
  rank?: number;
  /** Which edit of the lane's condition the row belongs to; the report sums over the rows of one edit. */
  edit: number;
}

/** Takes the stream away at a hook point (`x' = Σ rows` instead of `x + Σ rows`), so that rows can put a reconstruction in its place. */
export interface StreamDrop {
  at: HookPoint;
  positions: Positions;
  edit: number;
}

/** What a lane changes: empty lists for a baseline. All rows at one hook point are read from the value before any of them. */
export interface LaneEdits {
  rows: readonly SlotRow[];
  drops: readonly StreamDrop[];
}
