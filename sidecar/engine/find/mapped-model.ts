import type { KvStyle } from "../../../shared/engine/model-description.ts";
import { refused } from "../../../shared/errors.ts";
import type { FloatType } from "../cut/block.ts";
import type { ModelLocation } from "../read/locate-model.ts";
import type { ModelConfiguration } from "../read/model-configuration.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import type { OnnxModel } from "../read/onnx-model.ts";
import { type CacheNames, findCache } from "./cache-names.ts";
import { exporterOf } from "./exporter.ts";
import { elementType, type GraphIndex, indexGraph } from "./graph-index.ts";
import { kvStyle } from "./kv-style.ts";
import { precisionOf } from "./precision.ts";
import { findResidualStream, type ResidualStream } from "./residual-stream.ts";
import { streamWidth } from "./stream-width.ts";
import { graphWarnings } from "./warnings.ts";

/** A model whose residual stream is known: everything that cutting needs. */
export interface MappedModel {
  model: OnnxModel;
  index: GraphIndex;
  configuration: ModelConfiguration;
  cache: CacheNames[];
  stream: ResidualStream;
  /** By place of the stream. */
  types: FloatType[];
  kv: KvStyle;
  dModel: number;
  vocabSize: number;
  exporter: string;
  precision: string;
  warnings: string[];
}

const KNOWN_INPUTS = new Set(["input_ids", "attention_mask", "position_ids"]);
const OLDEST_OPSET = 11;

/**
 * Maps a model: its residual stream, its caches, its sizes. Refuses what the engine does not know how to run, and a configuration that
 * disagrees with the graph, with both numbers.
 */
export function mapModel(location: ModelLocation, model: OnnxModel, configuration: ModelConfiguration): MappedModel {
  const path = location.graph;
  const { graph } = model;
  refuseForeignGraphs(path, model);
  const index = indexGraph(graph);
  const cache = findCache(path, graph.inputs, graph.outputs);
  const cacheInputs = new Set(cache.flatMap((names) => [names.pastKey.name, names.pastValue.name]));
  for (const input of graph.inputs) {
    if (!KNOWN_INPUTS.has(input.name) && !cacheInputs.has(input.name) && index.consumers.has(input.name)) {
      throw refused(
        `${path}: input "${input.name}" is not one of a text decoder (input_ids, attention_mask, position_ids, past keys and values).`,
      );
    }
  }
  const stream = findResidualStream(path, index, cache);
  const compare = (field: string, found: number, expected: number | null) => {
    if (expected !== null && expected !== found) {
      throw refused(
        `${configuration.source ?? path}: ${field} is ${expected}, but the graph ${path} has ${found}: they belong to different models.`,
      );
    }
  };
  compare("the number of layers", stream.layers, configuration.layers);
  const dModel = streamWidth(path, index, stream);
  compare("the hidden size", dModel, configuration.dModel);
  const logits = graph.outputs.find((output) => output.name === "logits")?.dims;
  if (logits?.at(-2) === 1) {
    throw refused(
      `${path}: the output "logits" is of one position alone ([${logits.join(", ")}]); expected every position's: export the model without pruning its last layer.`,
    );
  }
  const vocabSize = logits?.at(-1);
  if (typeof vocabSize === "number") {
    compare("vocab_size", vocabSize, configuration.vocabSize);
  }
  const known = typeof vocabSize === "number" ? vocabSize : configuration.vocabSize;
  if (known === null) {
    throw refused(`${path}: neither the output "logits" nor a configuration says how large the vocabulary is.`);
  }
  return {
    model,
    index,
    configuration,
    cache,
    stream,
    types: stream.places.map((place) => floatType(path, index, place.fused?.inputs[0] ?? place.value)),
    kv: kvStyle(path, index, cache),
    dModel,
    vocabSize: known,
    exporter: exporterOf(model),
    precision: precisionOf(graph),
    warnings: graphWarnings(index, configuration, cache),
  };
}

function refuseForeignGraphs(path: string, model: OnnxModel): void {
  const { graph } = model;
  const opset = model.opsets.get("") ?? 0;
  if (opset < OLDEST_OPSET) {
    throw refused(`${path} uses opset ${opset} of ONNX; expected ${OLDEST_OPSET} or later.`);
  }
  const branches = graph.nodes.find((node) => node.opType === "If" && node.outputs.includes("logits"));
  if (branches !== undefined || graph.inputs.some((input) => input.name === "use_cache_branch")) {
    throw refused(
      `${path} is a merged decoder (both branches inside an If, chosen by use_cache_branch), which cannot be taken apart; use decoder_with_past_model.onnx, or export again without merging (a single model.onnx with past keys and values).`,
    );
  }
  for (const [name, values] of [
    ["input_ids", graph.inputs],
    ["logits", graph.outputs],
  ] as const) {
    if (!values.some((value) => value.name === name)) {
      const found = values.map((value) => value.name).slice(0, 8);
      throw refused(`${path} is not a text decoder: it has no "${name}", only ${found.join(", ")}.`);
    }
  }
}

/** The stream's type; the engine reads float32 and float16 graphs. */
export function floatType(path: string, index: GraphIndex, value: string): FloatType {
  const type = elementType(index, value);
  if (type === ELEMENT.float32) {
    return "float32";
  }
  if (type === ELEMENT.float16) {
    return "float16";
  }
  const name = Object.entries(ELEMENT).find(([, number]) => number === type)?.[0] ?? `data type ${type}`;
  throw refused(
    `${path}: "${value}" is ${name}; expected float32 or float16, which ONNX Runtime takes as inputs and outputs.`,
  );
}
