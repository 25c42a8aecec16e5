import type { SlotRow } from "../../../shared/engine/slot-row.ts";

/** A threshold that no activation passes. Finite, because shaders may assume that there are no infinities. */
export const NEVER = 3.4028234663852886e38;
const ALWAYS = -NEVER;

/** One slot row in the numbers of a spliced graph: `y = x·u;  a = where(y > threshold, y + shift, rest);  x' = x + a·v`. */
export interface SlotColumn {
  /** `[dModel]`; `null` is a column of zeros. */
  u: Float32Array | null;
  /** `[dModel]`. */
  v: Float32Array;
  shift: number;
  /** Where the row touches a position; elsewhere it is `NEVER`. */
  threshold: number;
  /** Where the row touches a position; elsewhere it is 0. */
  rest: number;
}

/**
 * Folds `b`, `c` and `g` of `x' = x + mask·(c + g·f)·v` into fewer numbers, so that a bank is five nodes: |g| goes into u, its sign into v.
 * With w = |g| and s = ±1: `c + g·f = s·(s·c + w·f)`, where w·f is `w·z` if `w·z > w·theta`, else 0.
 */
export function slotColumn(row: SlotRow): SlotColumn {
  const sign = row.g < 0 ? -1 : 1;
  const weight = Math.abs(row.g);
  const v = sign < 0 ? row.v.map((value) => -value) : row.v;
  const rest = sign * row.c;
  if (row.u === null || weight === 0) {
    return { u: null, v, shift: 0, threshold: NEVER, rest };
  }
  const u = weight === 1 ? row.u : row.u.map((value) => weight * value);
  const threshold = Math.min(NEVER, Math.max(ALWAYS, weight * (row.theta - row.b)));
  return { u, v, shift: weight * row.b + rest, threshold, rest };
}
