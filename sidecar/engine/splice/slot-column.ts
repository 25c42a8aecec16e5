import type { SlotRow } from "../../../shared/engine/slot-row.ts";
import type { SlotForm } from "../cut/block.ts";

/** A threshold that no activation passes. Finite, because shaders may assume that there are no infinities. */
export const NEVER = 3.4028234663852886e38;
const ALWAYS = -NEVER;

/**
 * One slot row in the numbers of a spliced graph: `y = x·u;  a = where(y > threshold, y + shift, rest);  x' = x + a·v`, or
 * `a = mask·(y + linearShift)` where the row's form allows it.
 */
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
  /** For the forms `linear` and `projection`. */
  linearShift: number;
}

/** The forms from the cheapest to the one that takes any row. */
const FORMS: readonly SlotForm[] = ["everywhere", "projection", "linear", "general"];

/** The cheapest form of bank that the rows of all lanes fit in. */
export function formOf(lanes: readonly (readonly SlotRow[])[]): SlotForm {
  const [first = []] = lanes;
  const shared = lanes.every((rows) => rows.length === first.length && rows.every((row, i) => sameAs(row, first[i])));
  const needed = lanes.flat().map((row) => {
    const { linearShift } = slotColumn({ ...row, v: new Float32Array() });
    const thresholded = row.u !== null && row.g !== 0 && row.theta !== Number.NEGATIVE_INFINITY;
    if (thresholded) return 3;
    if (linearShift !== 0) return 2;
    return shared && row.positions === "all" ? 0 : 1;
  });
  return FORMS[Math.max(0, ...needed)] ?? "general";
}

function sameAs(row: SlotRow, other: SlotRow | undefined): boolean {
  return row.u === other?.u && row.v === other.v && row.g === other.g && row.at === other.at;
}

/** Whether a graph with banks of the form `has` takes rows that need the form `wanted`. */
export function coversForm(has: SlotForm, wanted: SlotForm): boolean {
  return FORMS.indexOf(has) >= FORMS.indexOf(wanted);
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
    return { u: null, v, shift: 0, threshold: NEVER, rest, linearShift: rest };
  }
  const u = weight === 1 ? row.u : row.u.map((value) => weight * value);
  const threshold = Math.min(NEVER, Math.max(ALWAYS, weight * (row.theta - row.b)));
  const shift = weight * row.b + rest;
  return { u, v, shift, threshold, rest, linearShift: shift };
}
