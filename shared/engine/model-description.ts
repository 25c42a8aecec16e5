import type { HookPoint } from "./hook-point.ts";

/** How the graph keeps keys and values: in place (GroupQueryAttention), by concatenation, or not at all. */
export type KvStyle = "group-query" | "concat" | "none";

/** What is known of a loaded model; `inspect-model` prints it. */
export interface ModelDescription {
  layers: number;
  dModel: number;
  vocabSize: number;
  /** `model_type` of the model's own configuration, e.g. `llama`. */
  architecture: string;
  /** Which program wrote the graph, e.g. `onnxruntime-genai`, `torchscript`, `torch-dynamo`. */
  exporter: string;
  kv: KvStyle;
  /** Every hook point that can be captured and edited, in stream order. */
  hookPoints: HookPoint[];
  /** First and last layer of each block that runs as one session. */
  blocks: [first: number, last: number][];
  /** Precision of the weights as exported: `float32`, `float16`, `int4`, ... */
  precision: string;
  provider: string;
  warnings: string[];
  /** The longest sequence that the model's configuration allows; `null` where it does not say. */
  contextLength: number | null;
  /** End tokens from the model's own configuration. */
  endTokens: number[];
  /** Hash over the graph and the sizes and names of its weight files: what a direction's provenance is checked against. */
  hash: string;
}
