import type { HookPoint } from "../engine/hook-point.ts";

/** Where a direction comes from: enough to refuse it where it does not belong. */
export interface Provenance {
  method: string;
  /** Hash of the model it was found on; `null` for a file that does not say. */
  modelHash: string | null;
  precision: string | null;
  templateHash: string | null;
  /** Token position, negative from the prompt's end; `null` for a file that does not say. */
  position: number | null;
  prompts: { set: string; n: number }[];
}

/** A vector at a hook point. */
export interface Direction {
  name: string;
  at: HookPoint;
  /** `[dModel]`, raw norm. */
  vector: Float32Array;
  provenance: Provenance;
}
