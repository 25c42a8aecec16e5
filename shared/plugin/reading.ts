import type { CallOptions, Engine } from "../engine/engine.ts";
import type { HookPoint, Site } from "../engine/hook-point.ts";
import type { TokenLedger } from "../engine/token-ledger.ts";
import type { Direction } from "./direction.ts";

/** What a reading is given: one prompt's tokens and the activations it asked for. */
export interface ReadingInput {
  engine: Engine;
  ledger: TokenLedger;
  site: Site;
  /** By hook point: `[positions, dModel]`, float32, for every layer of `site`. */
  activations: Partial<Record<HookPoint, Float32Array>>;
  /** `[positions, vocab]` where the reading asked for logits, else empty. */
  logits: Float32Array;
  /** The direction a projection reads; `null` for readings that need none. */
  direction: Direction | null;
  /** Ids that refusals start with. */
  refusalTokens: readonly number[];
}

/** A scalar per layer and token, shown as a tint in the editor and as a cell of the heatmap. */
export interface Reading {
  id: string;
  label: string;
  unit: string;
  /** One sentence: what it measures. */
  describe: string;
  needs: { direction: boolean; activations: boolean; logits: boolean };
  /** `[layers, positions]`, row-major, NaN where there is no value. */
  read(input: ReadingInput, options: CallOptions): Promise<Float32Array>;
}
