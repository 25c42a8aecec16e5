import type { KvStyle } from "../../../shared/engine/model-description.ts";
import { refused } from "../../../shared/errors.ts";
import type { CacheNames } from "./cache-names.ts";
import { baseOf, type GraphIndex } from "./graph-index.ts";

const CONCATENATING = new Set(["Concat", "MultiHeadAttention", "Attention", "DecoderMaskedMultiHeadAttention"]);

/** How the graph keeps its cache, by the operator that gives it out. Refuses what it does not know: a wrong guess is silently wrong. */
export function kvStyle(path: string, index: GraphIndex, cache: readonly CacheNames[]): KvStyle {
  const styles = new Set<KvStyle>();
  for (const names of cache) {
    for (const output of [names.presentKey, names.presentValue]) {
      const node = index.producers.get(baseOf(index, output));
      if (node?.opType === "GroupQueryAttention") {
        styles.add("group-query");
      } else if (node && CONCATENATING.has(node.opType)) {
        styles.add("concat");
      } else {
        throw refused(
          `${path}: output "${output}" comes from ${node?.opType ?? "nothing"}; expected GroupQueryAttention, a Concat of past and new keys, or an attention operator.`,
        );
      }
    }
  }
  if (styles.size > 1) {
    throw refused(`${path}: some layers keep their cache in GroupQueryAttention and others by concatenation.`);
  }
  return [...styles][0] ?? "none";
}
