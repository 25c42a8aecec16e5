import type { SlotRow } from "../../../shared/engine/slot-row.ts";

/** A slot row with the rows of the activation that it touches; `drop` takes the stream away there. */
export type TestRow = Omit<SlotRow, "at" | "positions" | "edit"> & {
  touches: (row: number) => boolean;
  drop?: boolean;
};

/** The formula of a slot bank as slot-row.ts gives it, on `[rows, dModel]`. */
export function applyRows(x: Float32Array, dModel: number, rows: readonly TestRow[]): Float32Array {
  const edited = Float32Array.from(x);
  for (let at = 0; at * dModel < x.length; at++) {
    const before = x.subarray(at * dModel, (at + 1) * dModel);
    const after = edited.subarray(at * dModel, (at + 1) * dModel);
    const touching = rows.filter((row) => row.touches(at));
    if (touching.some((row) => row.drop)) {
      after.fill(0);
    }
    for (const { u, v, b, theta, c, g } of touching) {
      const z = u === null ? 0 : before.reduce((sum, value, d) => sum + value * (u[d] ?? 0), b);
      const f = u !== null && z > theta ? z : 0;
      for (const [d, value] of v.entries()) {
        after[d] = (after[d] ?? 0) + (c + g * f) * value;
      }
    }
  }
  return edited;
}
