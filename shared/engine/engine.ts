import type { Dictionary } from "../plugin/dictionary-format.ts";
import type { HookPoint } from "./hook-point.ts";
import type { ModelDescription } from "./model-description.ts";
import type { LaneEdits } from "./slot-row.ts";

/** One sequence under one condition. */
export interface Lane {
  /** Token ids, given to the model exactly as they are. */
  ids: readonly number[];
  edits: LaneEdits;
}

/** What is taken at a hook point, from every lane: all positions or a list (negative ones from the end). */
export interface Capture {
  at: HookPoint;
  positions: "all" | readonly number[];
}

export interface ForwardRequest {
  lanes: readonly Lane[];
  captures: readonly Capture[];
  /** Where logits are wanted; `none` lets the pass end after the last captured layer. */
  logits: "none" | "last" | "all";
  /**
   * Starts in the middle: `activations[lane]` is `resid_pre.<layer>` as `[positions, dModel]`, and everything below is left out.
   * `layer` must be the first layer of a block.
   */
  start?: { layer: number; activations: readonly Float32Array[] };
}

export interface ForwardResult {
  /** By hook point, then by lane: `[positions, dModel]`, float32, after the edits of that hook point. */
  captures: Partial<Record<HookPoint, Float32Array[]>>;
  /** By lane: `[positions, vocab]` (one position for `last`, empty for `none`). */
  logits: Float32Array[];
  /** By lane, then by edit of the lane's condition. */
  reports: EditReport[][];
}

export interface GenerateRequest {
  lanes: readonly Lane[];
  maxNewTokens: number;
  /** 0 is greedy. */
  temperature: number;
  topP: number;
  /**
   * By lane: a lane's text depends on its own seed and not on what it is batched with. On int4 weights other lanes' edits can change the last
   * bit of its sums, of which kernels that round activations make up to a tenth.
   */
  seeds: readonly number[];
  /** Defaults to the model's own end tokens. */
  endTokens?: readonly number[];
}

export interface GenerateResult {
  lanes: { ids: number[]; finish: "stop" | "length"; reports: EditReport[] }[];
}

/** What one edit did in one lane. `rows` 0 is a warning, never silence. */
export interface EditReport {
  edit: number;
  /** Touched pairs of hook point and position. */
  rows: number;
  /** Mean of ‖x' - x‖ / ‖x‖ over the touched rows; 0 where none was touched. */
  relativeChange: number;
}

/** Reads activations through the last norm and the unembedding, as the logit lens does. */
export interface LensRequest {
  /** `[n, dModel]`, taken as if they were the last layer's resid_post. */
  activations: Float32Array;
  /** Ids whose logits are wanted. */
  tokens: readonly number[];
  /** How many of the largest logits are wanted. */
  top: number;
  /** The whole row of logits as well. */
  full: boolean;
}

export interface LensResult {
  /** `[n, tokens]`. */
  logits: Float32Array;
  /** `[n]`: log of the sum of exponentials over the vocabulary, so that log-probability = logit - logSumExp. */
  logSumExp: Float32Array;
  /** `[n, top]`. */
  topIds: Int32Array;
  topLogits: Float32Array;
  /** `[n, vocab]`; empty unless asked for. */
  full: Float32Array;
}

/** Encodes activations with a sparse dictionary. Only what is asked for is computed. */
export interface EncodeRequest {
  dictionary: Dictionary;
  /** `[n, dIn]`, as the stream holds them where the dictionary reads. */
  activations: Float32Array;
  /** How many of the largest activations of each row are wanted. */
  top: number;
  /** Features whose activations are wanted at every row. */
  features: readonly number[];
  /** Whether the number of features that fire is wanted, by row. */
  active: boolean;
  /** Whether firing is wanted by feature, over all rows. */
  statistics: boolean;
  reconstruct: boolean;
}

/** Empty arrays for what was not asked for. */
export interface EncodeResult {
  /** `[n, top]`, largest first; where fewer features fire, the rest have activation 0. */
  topFeatures: Int32Array;
  topActivations: Float32Array;
  /** `[n, features]`, in the request's order. */
  chosen: Float32Array;
  /** `[n]`. */
  active: Float32Array;
  /** `[dictionary.features]`: in how many rows each fires, and the sum of its activations over them. */
  fired: Float32Array;
  sum: Float32Array;
  /** `[n, dOut]`. */
  reconstruction: Float32Array;
  /** Where it was encoded: where the model runs, or the CPU where that failed; then `fallback` says why. */
  provider: string;
  fallback: string | null;
}

export interface CallOptions {
  signal?: AbortSignal;
}

/** A new token of a lane, as soon as it is known. */
export type TokenListener = (lane: number, id: number) => void;

/**
 * The engine: reads and changes the residual stream of one loaded model. It knows no experiment.
 * Every call may throw a RefractError: `refused` before anything ran, `cancelled` after its signal, `engine-died` when its process ended.
 */
export interface Engine {
  readonly model: ModelDescription;
  forward(request: ForwardRequest, options?: CallOptions): Promise<ForwardResult>;
  generate(request: GenerateRequest, options?: CallOptions & { onToken?: TokenListener }): Promise<GenerateResult>;
  lens(request: LensRequest, options?: CallOptions): Promise<LensResult>;
  encode(request: EncodeRequest, options?: CallOptions): Promise<EncodeResult>;
  close(): Promise<void>;
}
