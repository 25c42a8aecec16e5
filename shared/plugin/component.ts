import type { Site } from "../engine/hook-point.ts";
import type { Provenance } from "./direction.ts";

/** A named direction or subspace taken to carry refusal for one category of harm. */
export interface Component {
  name: string;
  layer: number;
  site: Site;
  /** Token position it was taken at, negative from the prompt's end; null where it is not of one position. */
  position: number | null;
  /** Rows `[dModel]` with their raw norms; one for a direction, several for a subspace. */
  vectors: readonly Float32Array[];
  provenance: Provenance;
  /** The prompt sets it was found from; null for a given one or one made of others. */
  foundFrom: { positive: string; negative: string } | null;
}
