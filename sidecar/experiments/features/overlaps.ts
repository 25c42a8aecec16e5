import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { Study } from "../../../shared/plugin/study.ts";
import { principalAngles } from "../../statistics/principal-angles.ts";
import { cosine } from "../../statistics/vectors.ts";

/** How alike the feature sets of two components are, by the components' indices. */
export interface SetOverlap {
  of: [number, number];
  /** Features in both sets. */
  shared: number;
  /** Cosines of the principal angles between what the sets' decoder rows span, largest first. */
  cosines: number[];
  /** The largest such cosine of random sets of the same densities and sizes, one of each pair of controls. */
  random: number[];
  /** Cosine of the two directions that the sets were found for, at the same place. */
  directions: number;
}

interface Sets {
  chosen: readonly (readonly number[])[];
  /** Random sets of each component. */
  controls: readonly (readonly (readonly number[])[])[];
  directions: readonly Float32Array[];
}

/** Overlaps of every two sets; of an empty one there are none. */
export async function overlapsOf(study: Study, dictionary: Dictionary, sets: Sets): Promise<SetOverlap[]> {
  const overlaps: SetOverlap[] = [];
  const angles = async (a: readonly number[] = [], b: readonly number[] = []) => {
    if (a.length === 0 || b.length === 0) return [];
    const rows = await study.decoderRows(dictionary, [...a, ...b]);
    return principalAngles(rows.slice(0, a.length), rows.slice(a.length)).cosines;
  };
  for (const [i, a] of sets.chosen.entries()) {
    for (const [j, b] of sets.chosen.entries()) {
      if (j <= i || a.length === 0 || b.length === 0) continue;
      const random: number[] = [];
      for (const [c, control] of (sets.controls[i] ?? []).entries()) {
        const [largest] = await angles(control, sets.controls[j]?.[c]);
        if (largest !== undefined) random.push(largest);
      }
      overlaps.push({
        of: [i, j],
        shared: a.filter((feature) => b.includes(feature)).length,
        cosines: await angles(a, b),
        random,
        directions: cosine(sets.directions[i] ?? [], sets.directions[j] ?? []),
      });
    }
  }
  return overlaps;
}
