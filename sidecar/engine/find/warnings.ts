import { integerAttribute } from "../read/graph-node.ts";
import type { ModelConfiguration } from "../read/model-configuration.ts";
import type { CacheNames } from "./cache-names.ts";
import { constantInteger } from "./constant-integer.ts";
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
        const value = constantInteger(index.graph, index.producers, input);
        return value !== undefined && Math.abs(Math.abs(value) - window) <= 1;
      })
    );
  });
}
