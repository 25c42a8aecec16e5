import type { Positions } from "../../shared/engine/positions.ts";
import type { LaneEdits } from "../../shared/engine/slot-row.ts";

/** A lane that is given as a whole, prompt and reply, knows no "generated": its positions are written out for a prompt of `length` tokens. */
function inText(positions: Positions, length: number): Positions {
  if (positions === "prompt") return { from: 0, to: length };
  if (positions === "generated") return { from: length, to: null };
  if (positions === "last") return [length - 1];
  if (typeof positions === "object" && "length" in positions) return positions.map((at) => (at < 0 ? length + at : at));
  return positions;
}

/** The same edits for a forward pass over a prompt and its reply as for generating that reply. */
export function editsInText({ rows, drops }: LaneEdits, length: number): LaneEdits {
  return {
    rows: rows.map((row) => ({ ...row, positions: inText(row.positions, length) })),
    drops: drops.map((drop) => ({ ...drop, positions: inText(drop.positions, length) })),
  };
}
