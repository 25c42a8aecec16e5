import type { HookPoint } from "./hook-point.ts";
import type { Positions } from "./positions.ts";

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
