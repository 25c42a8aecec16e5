import { type HookPoint, hookPoint, parseHookPoint } from "../../../shared/engine/hook-point.ts";
import type { ModelDescription } from "../../../shared/engine/model-description.ts";
import type { Positions } from "../../../shared/engine/positions.ts";
import type { LaneEdits, SlotRow } from "../../../shared/engine/slot-row.ts";
import { orthonormalBasis } from "../../statistics/orthonormal-basis.ts";
import { unit } from "../../statistics/vectors.ts";

/** A vector `[dModel]` of any float type. */
export type Vector = ArrayLike<number>;

export const NO_EDITS: LaneEdits = { rows: [], drops: [] };

const LINEAR = { b: 0, theta: Number.NEGATIVE_INFINITY };

/**
 * Every distinct place of the stream, in order: `resid_pre.(l + 1)` is the same stream as `resid_post.l` and is left out.
 * `keep` chooses layers; resid_pre.l belongs to layer l.
 */
export function streamPoints(model: ModelDescription, keep: (layer: number) => boolean = () => true): HookPoint[] {
  const known = new Set(model.hookPoints);
  return model.hookPoints.filter((point) => {
    const place = parseHookPoint(point);
    if (!place || !keep(place.layer)) return false;
    if (place.site !== "resid_pre" || place.layer === 0) return true;
    // The first layer that is kept also needs its entry.
    return !known.has(hookPoint("resid_post", place.layer - 1)) || !keep(place.layer - 1);
  });
}

/** Takes the span of `vectors` out of the stream at every given point. */
export function ablate(
  points: readonly HookPoint[],
  vectors: readonly Vector[],
  positions: Positions = "all",
  edit = 0,
): LaneEdits {
  const basis = orthonormalBasis(vectors).map((q) => Float32Array.from(q));
  const rows = points.flatMap((at) =>
    basis.map((q): SlotRow => ({ at, u: q, v: q, c: 0, g: -1, ...LINEAR, positions, edit })),
  );
  return { rows, drops: [] };
}

/** Adds `scale * vector` at one point. */
export function add(at: HookPoint, vector: Vector, scale = 1, positions: Positions = "all", edit = 0): LaneEdits {
  return {
    rows: [{ at, u: null, v: Float32Array.from(vector), c: scale, g: 0, ...LINEAR, positions, edit }],
    drops: [],
  };
}

/** Sets the component along `vector`'s unit vector to `target` at every given point. */
export function setAlong(
  points: readonly HookPoint[],
  vector: Vector,
  target: number,
  positions: Positions = "all",
  edit = 0,
): LaneEdits {
  const q = Float32Array.from(unit(vector));
  return {
    rows: points.map((at): SlotRow => ({ at, u: q, v: q, c: target, g: -1, ...LINEAR, positions, edit })),
    drops: [],
  };
}

/** Edits of several lists in one condition; each list keeps its own report. */
export function together(...edits: readonly LaneEdits[]): LaneEdits {
  return {
    rows: edits.flatMap(({ rows }, edit) => rows.map((row) => ({ ...row, edit }))),
    drops: edits.flatMap(({ drops }, edit) => drops.map((drop) => ({ ...drop, edit }))),
  };
}
