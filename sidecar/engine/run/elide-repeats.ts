import { type HookPoint, hookPoint, parseHookPoint } from "../../../shared/engine/hook-point.ts";
import type { LaneEdits, SlotRow } from "../../../shared/engine/slot-row.ts";

export interface Elided {
  /** What has to run. */
  needed: LaneEdits;
  /** Rows that would change nothing; they still count as touching. */
  repeats: SlotRow[];
}

/**
 * Leaves out ablations at `resid_pre.(L+1)` of what the same edit has just ablated at `resid_post.L`, the same stream: with orthonormal rows and
 * nothing else added there, the second finds nothing. An ablation at every hook point, the usual one, becomes a third cheaper.
 */
export function elideRepeats(edits: LaneEdits): Elided {
  const byPoint = new Map<HookPoint, SlotRow[]>();
  for (const row of edits.rows) byPoint.set(row.at, [...(byPoint.get(row.at) ?? []), row]);
  const dropped = new Set(edits.drops.map(({ at }) => at));
  const repeats = new Set<SlotRow>();
  for (const [at, rows] of byPoint) {
    const parsed = parseHookPoint(at);
    if (parsed === null || parsed.site !== "resid_pre" || parsed.layer === 0) continue;
    const before = hookPoint("resid_post", parsed.layer - 1);
    const earlier = byPoint.get(before) ?? [];
    const [first] = earlier;
    const pure =
      first !== undefined &&
      !dropped.has(before) &&
      !dropped.has(at) &&
      [...earlier, ...rows].every(
        (row) => isAblation(row) && row.edit === first.edit && row.positions === first.positions,
      );
    if (pure && rows.every((row) => earlier.some(({ u }) => u === row.u))) for (const row of rows) repeats.add(row);
  }
  if (repeats.size === 0) return { needed: edits, repeats: [] };
  return { needed: { rows: edits.rows.filter((row) => !repeats.has(row)), drops: edits.drops }, repeats: [...repeats] };
}

/** Of the rows at the hook points, the first of each edit at each: an edit counts once where it touches. */
export function oncePerEdit(rows: readonly SlotRow[], points: readonly HookPoint[]): SlotRow[] {
  const first = new Map<string, SlotRow>();
  for (const row of rows) {
    const key = `${row.at} ${row.edit}`;
    if (points.includes(row.at) && !first.has(key)) first.set(key, row);
  }
  return [...first.values()];
}

function isAblation({ u, v, c, g, b, theta }: SlotRow): boolean {
  return u === v && c === 0 && g === -1 && b === 0 && theta === Number.NEGATIVE_INFINITY;
}
