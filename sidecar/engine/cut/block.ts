import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { KvStyle } from "../../../shared/engine/model-description.ts";

export type FloatType = "float32" | "float16";

/** Names of the graph inputs of one hook point's slot bank with K rows; all float32. */
export interface SlotInputs {
  /** `[dModel, K]`. */
  u: string;
  /** `[K, dModel]`. */
  v: string;
  /** `[K]` each. */
  b: string;
  theta: string;
  c: string;
  g: string;
  /** `[lanes, positions, K]`. */
  mask: string;
  /** `[lanes, positions, 1]`: 1 keeps the stream, 0 drops it. */
  keep: string;
}

/** What a block offers at one hook point. */
export interface HookInterface {
  at: HookPoint;
  slots: SlotInputs;
  /** Input: int64 `[rows, 2]` of (lane, position); no rows take nothing. */
  captureIndices: string;
  /** Output: float32 `[rows, dModel]`, the value after the edits. */
  capture: string;
}

/** One layer's cache: input and output names, and what their tensors look like. */
export interface KvInterface {
  layer: number;
  pastKey: string;
  pastValue: string;
  presentKey: string;
  presentValue: string;
  heads: number;
  headDim: number;
  type: FloatType;
}

/** Consecutive layers as a graph of their own, whose weights stay in the files of the export. */
export interface Block {
  first: number;
  last: number;
  /** A serialised ModelProto; every large initializer is external data in `weightsFolder`. */
  graph: Uint8Array;
  weightsFolder: string;
  /** Names of the graph's own inputs that this block needs; absent where it does not. */
  inputIds?: string;
  attentionMask?: string;
  positionIds?: string;
  /** The stream where the block begins (`resid_pre.first` before its edits); absent in the first block, which begins with token ids. */
  entry?: { name: string; type: FloatType };
  /** The stream where the block ends (`resid_post.last` after its edits); absent in the head. */
  exit?: { name: string; type: FloatType };
  /** `[lanes, positions, vocab]`; in the head alone. */
  logits?: { name: string; type: FloatType };
  kv: KvInterface[];
  hooks: HookInterface[];
}

/** A model that was read, mapped, spliced and cut: what the runner needs, and nothing that the runner decides. */
export interface CutModel {
  layers: number;
  dModel: number;
  vocabSize: number;
  architecture: string;
  exporter: string;
  kv: KvStyle;
  precision: string;
  hookPoints: HookPoint[];
  contextLength: number | null;
  warnings: string[];
  /** Hash over the graph and the names and sizes of its weight files. */
  hash: string;
  /** Blocks of layers in order; the head (last norm and unembedding: no layer, no cache, no hook) is apart, so that the logit lens can run it alone. */
  blocks: Block[];
  head: Block;
}
