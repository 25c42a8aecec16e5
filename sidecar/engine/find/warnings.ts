import { integerAttribute, tensorAttribute } from "../read/graph-node.ts";
import type { Initializer } from "../read/initializer.ts";
import type { ModelConfiguration } from "../read/model-configuration.ts";
import { ELEMENT, TENSOR } from "../read/onnx-fields.ts";
import { firstField, firstInteger, integersOf, wireFields } from "../read/wire-field.ts";
import type { CacheNames } from "./cache-names.ts";
import type { GraphIndex } from "./graph-index.ts";
import { quantisesTogether } from "./quantised-together.ts";

const COMPARING = new Set(["Add", "Sub", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Trilu"]);

/** What a user should know of a graph that runs, but is not quite the checkpoint. */
export function graphWarnings(
  index: GraphIndex,
  configuration: ModelConfiguration,
  cache: readonly CacheNames[],
): string[] {
  const warnings: string[] = [];
  const { slidingWindow: window, contextLength } = configuration;
  const slides = window !== null && (contextLength === null || window < contextLength);
  if (slides && !hasWindow(index, window)) {
    warnings.push(
      `The configuration has a sliding window of ${window}, the graph has none: it attends to everything, so beyond ${window} tokens this is not the checkpoint.`,
    );
  }
  if (quantisesTogether(index.graph)) {
    warnings.push(
      "The graph rounds activations by the range of all of a sequence's tokens (dynamic quantisation): every number depends on the tokens after it too, and sequences run one at a time.",
    );
  }
  if (cache.length === 0) {
    warnings.push("The graph has no cache of keys and values: every new token costs a pass over the whole sequence.");
  }
  return warnings;
}

/** Whether an attention operator or a comparison of positions uses the window. */
function hasWindow(index: GraphIndex, window: number): boolean {
  return index.sorted.some((node) => {
    if (node.opType === "GroupQueryAttention") {
      return (integerAttribute(node, "local_window_size") ?? -1) > 0;
    }
    return (
      COMPARING.has(node.opType) &&
      node.inputs.some((input) => {
        const value = scalar(index, input);
        return value !== undefined && Math.abs(Math.abs(value) - window) <= 1;
      })
    );
  });
}

/** The value of a constant int64 scalar. */
function scalar(index: GraphIndex, name: string): number | undefined {
  const initializer = index.graph.initializers.get(name);
  if (initializer) {
    return initializer.span ? undefined : scalarOf(initializer);
  }
  const node = index.producers.get(name);
  const tensor = node?.opType === "Constant" ? tensorAttribute(node, "value") : undefined;
  if (tensor === undefined) {
    return undefined;
  }
  const fields = wireFields(tensor);
  return scalarOf({
    dataType: firstInteger(fields, TENSOR.dataType) ?? 0,
    dims: integersOf(fields, TENSOR.dims),
    fields,
  });
}

function scalarOf(tensor: Pick<Initializer, "dataType" | "dims" | "fields">): number | undefined {
  if (tensor.dataType !== ELEMENT.int64 || tensor.dims.reduce((a, b) => a * b, 1) !== 1) {
    return undefined;
  }
  const raw = firstField(tensor.fields, TENSOR.rawData)?.value;
  if (raw !== undefined) {
    return raw.length === 8 ? Number(new DataView(raw.buffer, raw.byteOffset, 8).getBigInt64(0, true)) : undefined;
  }
  return integersOf(tensor.fields, TENSOR.int64Data)[0];
}
