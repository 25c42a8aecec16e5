import { InferenceSession, type Tensor } from "onnxruntime-node";

import type { HookPoint } from "../../../../shared/engine/hook-point.ts";
import type { Block, CutModel, Instrumentation, InstrumentedGraph } from "../../../../sidecar/engine/cut/block.ts";
import type { MappedModel } from "../../../../sidecar/engine/find/mapped-model.ts";
import { ELEMENT } from "../../../../sidecar/engine/read/onnx-fields.ts";
import { makeValueInfo } from "../../../../sidecar/engine/read/value-info.ts";
import { writeModel } from "../../../../sidecar/engine/read/write-model.ts";
import { sessionOptions } from "../../../../sidecar/engine/run/session-options.ts";
import { asFloat32, float32, integers, zeros } from "../../../../sidecar/engine/run/tensors.ts";
import { withSum } from "../../../../sidecar/engine/splice/fused-norm.ts";

export const LANES = 2;
export const POSITIONS = 9;
export const ROWS = LANES * POSITIONS;

export type Values = Record<string, Float32Array>;
export type Feeds = Record<string, Tensor>;

/** Two lanes of different tokens. */
function twoLanes(model: CutModel): number[][] {
  const id = (row: number) => 3 + ((row * 37) % (model.vocabSize - 4));
  return Array.from({ length: LANES }, (_, lane) =>
    Array.from({ length: POSITIONS }, (_, position) => id(lane * POSITIONS + position)),
  );
}

/** Feeds of lanes of equal length without a past. */
function tokenFeeds(model: CutModel, lanes: readonly (readonly number[])[]): Feeds {
  const dims = [lanes.length, lanes[0]?.length ?? 0];
  const ids = lanes.flat();
  const feeds: Feeds = {
    input_ids: integers(ids, dims, "int64"),
    attention_mask: integers(
      ids.map(() => 1),
      dims,
      "int64",
    ),
    position_ids: integers(
      lanes.flatMap((lane) => lane.map((_, position) => position)),
      dims,
      "int64",
    ),
  };
  for (const { pastKey, pastValue, heads, headDim, type } of model.blocks.flatMap(({ kv }) => kv)) {
    feeds[pastKey] = zeros(type, [lanes.length, heads, 0, headDim]);
    feeds[pastValue] = zeros(type, [lanes.length, heads, 0, headDim]);
  }
  return feeds;
}

/** Runs a graph with those of the feeds that it takes. */
export async function runGraph(graph: Uint8Array, weightsFolder: string, feeds: Feeds): Promise<Feeds> {
  const session = await InferenceSession.create(graph, sessionOptions({ provider: "cpu", threads: 1 }, weightsFolder));
  try {
    const wanted = session.inputNames.map((name) => {
      const tensor = feeds[name];
      if (tensor === undefined) {
        throw new Error(`the graph wants ${name}, which the test does not have`);
      }
      return [name, tensor] as const;
    });
    return { ...(await session.run(Object.fromEntries(wanted))) };
  } finally {
    await session.release();
  }
}

function floatsOf(outputs: Feeds): Values {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, tensor]) => [name, Float32Array.from(asFloat32(tensor))]),
  );
}

/** The untouched export with every value of the residual stream declared an output: its outputs, and the stream by hook point. */
export async function runUntouched(
  mapped: MappedModel,
  model: CutModel,
  lanes = twoLanes(model),
): Promise<{ outputs: Values; stream: Partial<Record<HookPoint, Float32Array>> }> {
  const { graph } = mapped.model;
  const places = mapped.stream.places;
  const nodes = graph.nodes.map((node) => {
    const place = places.find(({ fused }) => fused === node);
    return place && node.outputs[3] !== place.value ? withSum(node, place.value) : node;
  });
  const outputs = places.map(({ value }, index) =>
    makeValueInfo(value, mapped.types[index] === "float16" ? ELEMENT.float16 : ELEMENT.float32, [
      "a",
      "b",
      mapped.dModel,
    ]),
  );
  const bytes = writeModel(mapped.model, { ...graph, nodes, outputs: [...graph.outputs, ...outputs] });
  const found = floatsOf(await runGraph(bytes, mapped.model.weightsFolder, tokenFeeds(model, lanes)));
  const stream = places.flatMap(({ value, hooks }) => hooks.map((hook) => [hook, found[value]] as const));
  return { outputs: found, stream: Object.fromEntries(stream) };
}

/** What the blocks of a model give, run one after the other. */
export interface ChainResult {
  /** Logits and caches. */
  outputs: Values;
  captures: Partial<Record<HookPoint, Float32Array>>;
  reports: Values;
}

/**
 * Runs block after block, then the head.
 * @param start where given, blocks before this layer are left out and `stream` enters.
 */
export async function runChain(
  model: CutModel,
  instrumentation: (block: Block) => Instrumentation,
  slots: (block: Block, graph: InstrumentedGraph) => Feeds = () => ({}),
  start?: { layer: number; stream: Float32Array },
): Promise<ChainResult> {
  const feeds = tokenFeeds(model, twoLanes(model));
  const rows = Array.from({ length: ROWS }, (_, row) => [Math.floor(row / POSITIONS), row % POSITIONS]).flat();
  const result: ChainResult = { outputs: {}, captures: {}, reports: {} };
  let stream = start && float32(start.stream, [LANES, POSITIONS, model.dModel]);
  for (const block of [...model.blocks, model.head].filter(({ first }) => first >= (start?.layer ?? 0))) {
    const graph = block.instrument(instrumentation(block));
    const own: Feeds = { ...feeds, ...slots(block, graph) };
    if (block.entry && stream) {
      own[block.entry.name] = stream;
    }
    if (graph.captureIndices !== undefined) {
      own[graph.captureIndices] = integers(rows, [ROWS, 2], "int64");
    }
    const outputs = await runGraph(graph.graph, block.weightsFolder, own);
    stream = block.exit && outputs[block.exit.name];
    const values = floatsOf(outputs);
    for (const { at, name } of graph.captures) {
      result.captures[at] = values[name];
    }
    Object.assign(result.reports, values);
    for (const name of ["logits", ...block.kv.flatMap(({ presentKey, presentValue }) => [presentKey, presentValue])]) {
      if (values[name] !== undefined) {
        result.outputs[name] = values[name];
      }
    }
  }
  return result;
}

/** The largest difference over the largest expected value; infinite where one is missing or not a number. */
export function difference(found: Float32Array | undefined, expected: Float32Array | undefined): number {
  if (found === undefined || expected === undefined || found.length !== expected.length) {
    return Number.POSITIVE_INFINITY;
  }
  let most = 0;
  let scale = 0;
  for (const [index, value] of expected.entries()) {
    const apart = Math.abs((found[index] ?? Number.NaN) - value);
    if (!(apart <= most)) {
      most = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : apart;
    }
    scale = Math.max(scale, Math.abs(value));
  }
  return scale === 0 ? most : most / scale;
}
