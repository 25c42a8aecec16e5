import type { Positions } from "../../../shared/engine/positions.ts";

/** Whether an edit at `positions` touches `position` (0-based, over prompt and generated) of a lane whose prompt has `prompt` tokens. */
export function touches(positions: Positions, position: number, prompt: number): boolean {
  if (typeof positions === "string") {
    switch (positions) {
      case "all":
        return true;
      case "prompt":
        return position < prompt;
      case "generated":
        return position >= prompt;
      case "last":
        return position === prompt - 1;
    }
  }
  if ("from" in positions) return position >= positions.from && (positions.to === null || position < positions.to);
  return positions.some((listed) => (listed < 0 ? prompt + listed : listed) === position);
}
