import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { KvStyle } from "../../../shared/engine/model-description.ts";

export type FloatType = "float32" | "float16";

/**
 * What is built into a block's graph. Measured at 90 hook points and one token, in ONNX Runtime on a CPU: banks with inputs of their own cost
 * 6.1 ms a step, packed ones 1.1 ms, captures 0.2 ms, against 9 ms for a whole step of a small int4 model. So a graph holds only what its pass
 * needs, inputs are packed, and the runner keeps a session per instrumentation.
 */
export interface Instrumentation {
  /** Hook points whose banks share the block's packed inputs; K is the same at each. Listed in stream order, as everything here. */
  slots: readonly HookPoint[];
  /** Hook points with a bank of its own inputs, and whose stream can be dropped: for whole dictionaries, whose K is large. */
  dictionaries: readonly HookPoint[];
  /** Those of `dictionaries` whose rows have a norm or a rank: their bank is larger, and takes every other row too. */
  measured?: readonly HookPoint[];
  captures: readonly HookPoint[];
  /** What the rows in `slots` need, `general` by default: the fewer nodes a bank has, the cheaper is each token. */
  form?: SlotForm;
  /** How many outputs or inputs one operator may have; no limit by default. A WebGPU shader binds 8 buffers, which leaves 7. */
  fanOut?: number;
  /** In the head alone: gives out what the logit lens reads; see `LensOutputs`. */
  lens?: boolean;
  /** Gives out what a step adds to the cache in the place of the whole; see `CacheRows`. */
  cacheRows?: boolean;
}

/** Names of the head's inputs and outputs for the logit lens. */
export interface LensOutputs {
  /** Input int64 `[tokens]`: ids whose logits are wanted. */
  tokens: string;
  /** Output float32 `[lanes, positions, tokens]`. */
  logits: string;
  /** Output float32 `[lanes, positions, 1]`: ln(sum(exp)) over the vocabulary. */
  logSumExp: string;
}

/** Keys and values of like shape whose rows at some places of each lane are given out, where the whole cache is not. */
export interface CacheRows {
  /** Input int64 `[lanes, heads, positions, 3]` of (lane, head, place). */
  indices: string;
  /** Output `[pasts·lanes, heads, positions, headDim]`: one tensor after the other, as each more of them costs time at every token. */
  rows: string;
  /** The inputs that the rows go on into, in the order of the output. */
  pasts: string[];
  heads: number;
  headDim: number;
  type: FloatType;
}

/**
 * How packed banks turn `y = x·u` into what each row of `v` is multiplied by.
 * `general`: `where(y > threshold, y + shift, rest)`, any row. `linear`: `mask·(y + shift)`, rows without a threshold (add, ablate, affine).
 * `projection`: `mask·y`, rows that moreover have neither `b` nor `c` (ablate). `everywhere`: `y`, such rows where every lane has all of them, at every
 * position.
 */
export type SlotForm = "general" | "linear" | "projection" | "everywhere";

/**
 * Names of the packed inputs and outputs of the H hook points in `slots`; all float32, h in the order of `slots`.
 *
 * At each: `y = x·u`, `a` by the form of the instrumentation, `x' = x + a·v`. `slotColumn` in splice/ folds a SlotRow into these numbers.
 * A row of zeros with threshold `NEVER` or mask 0 does nothing; K is at least 1.
 */
export interface PackedSlots {
  /** Input `[H, dModel, K]`. */
  u: string;
  /** Input `[H, K, dModel]`. */
  v: string;
  /** Input `[H K]`; absent in the forms `projection` and `everywhere`. */
  shift?: string;
  /** Input `[lanes, positions, H K]`; `NEVER` where a row does not touch the position. In the form `general` alone. */
  threshold?: string;
  /** Input `[lanes, positions, H K]`; 0 where a row does not touch the position. In the form `general` alone. */
  rest?: string;
  /** Input `[lanes, positions, H K]`: 1 where a row touches the position, else 0. In the forms `linear` and `projection`. */
  mask?: string;
  /** Output `[lanes, positions, H]`: length of the stream before the edits. */
  norms: string;
  /** Output `[lanes, positions, H K]`: `a`, what each row of `v` was multiplied by. */
  coefficients: string;
}

/**
 * Names of the inputs and outputs of one hook point in `dictionaries`; all float32.
 * `y = x·u;  a = mask·where(y > threshold, y + shift, rest);  x' = keep·x + a·v`, with `slotColumn`'s numbers.
 */
export interface DictionarySlots {
  at: HookPoint;
  /** Input `[dModel, K]`. */
  u: string;
  /** Input `[K, dModel]`. */
  v: string;
  /** Inputs `[K]`. */
  threshold: string;
  shift: string;
  rest: string;
  /** Input `[lanes, positions, K]`, or `[lanes, positions, 1]` where every row touches the same. */
  mask: string;
  /** Input `[lanes, positions, 1]`: 1 keeps the stream, 0 drops it. */
  keep: string;
  /** Output `[lanes, positions, 1]`: length of the stream before the edits. */
  norm: string;
  /** Output `[lanes, positions, 1]`: length of the difference that the edits made. */
  change: string;
}

/**
 * Names of the inputs and outputs of one hook point in `measured`; float32 where nothing else is said.
 *
 * With n = plain + deviation·(sample deviation of x) + length·‖x‖: `z = x·u/(n + epsilon) + b`; f is z where z > theta and z + exempt is not
 * below the `place`-th largest of z + barrier, else 0; `x' = keep·x + (mask·n·(c + g·f))·v`.
 */
export interface MeasuredSlots {
  at: HookPoint;
  /** Inputs `[dModel, K]` and `[K, dModel]`. */
  u: string;
  v: string;
  /** Inputs `[K]`. */
  b: string;
  theta: string;
  c: string;
  g: string;
  plain: string;
  deviation: string;
  length: string;
  epsilon: string;
  /** Input `[K]`: large where a row is not ranked. */
  exempt: string;
  /** Inputs `[dModel, 1]`, each 1/dModel, and `[1]`, 1/sqrt(dModel - 1). */
  average: string;
  unbiased: string;
  /** Inputs `[lanes, positions, K]`; `barrier` is 0 where a ranked row touches the position, and far below elsewhere. */
  mask: string;
  barrier: string;
  /** Inputs int64 `[1]`, at most K, and `[lanes, positions, 1]`, below it. */
  largest: string;
  place: string;
  /** Input and outputs as of `DictionarySlots`. */
  keep: string;
  norm: string;
  change: string;
}

/** A block's graph for one instrumentation. */
export interface InstrumentedGraph {
  /** A serialised ModelProto; every large initializer is external data in the block's `weightsFolder`. */
  graph: Uint8Array;
  /** Absent where `slots` was empty. */
  slots?: PackedSlots;
  dictionaries: DictionarySlots[];
  measured: MeasuredSlots[];
  /** Input: int64 `[rows, 2]` of (lane, position), the same for every capture of the block; no rows take nothing. Absent without captures. */
  captureIndices?: string;
  /** Outputs: float32 `[rows, dModel]`, the value after the edits. */
  captures: { at: HookPoint; name: string }[];
  /** Absent where `lens` was not asked for. */
  lens?: LensOutputs;
  /** Empty where `cacheRows` was not asked for. */
  cacheRows: CacheRows[];
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
  /** First and last layer; in the head both are the count of layers. */
  first: number;
  last: number;
  /** Every hook point of the block, in stream order; none in the head. */
  hookPoints: HookPoint[];
  /** Builds the block's graph with what a pass needs; hook points must be the block's own. */
  instrument(instrumentation: Instrumentation): InstrumentedGraph;
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
  endTokens: number[];
  warnings: string[];
  /** Whether activations are rounded by the range of their whole tensor, so that rows that run together change one another. */
  quantisesTogether: boolean;
  /** Hash over the graph and the names and sizes of its weight files. */
  hash: string;
  /** Blocks of layers in order; the head (last norm and unembedding: no layer, no cache, no hook) is apart, so that the logit lens can run it alone. */
  blocks: Block[];
  head: Block;
  /** The graph's file and the files of its weights, without symbolic links. */
  files: string[];
  /** The whole graph as its maker wrote it, with weights declared as a block's are: what the spliced one is held to. */
  untouched(): { graph: Uint8Array; weightsFolder: string };
}
