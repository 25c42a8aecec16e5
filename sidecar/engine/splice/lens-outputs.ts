import type { FloatType, LensOutputs } from "../cut/block.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import type { GraphPatch } from "./graph-patch.ts";

/** Of `[lanes, positions, vocab]`. */
const VOCABULARY_AXIS = 2;

/**
 * Adds to a head what the logit lens reads of its logits: those of the tokens that were asked for, and ln(sum(exp)) of all. So a reading over
 * every layer and token takes two small arrays out of the runtime instead of every logit.
 */
export function lensOutputs(patch: GraphPatch, logits: string, type: FloatType): LensOutputs {
  const { float32, int64 } = ELEMENT;
  const names: LensOutputs = {
    tokens: patch.input("refract/lens/tokens", int64, ["tokens"]),
    logits: patch.output("refract/lens/logits", float32, ["lanes", "positions", "tokens"]),
    logSumExp: patch.output("refract/lens/log_sum_exp", float32, ["lanes", "positions", 1]),
  };
  const wide = type === "float32" ? logits : patch.node("Cast", [logits], "refract/lens/wide", { to: float32 });
  patch.node("Gather", [wide, names.tokens], names.logits, { axis: VOCABULARY_AXIS });
  // The largest logit less its log-probability: the runtime's softmax is vectorised, and takes the largest off before it raises e to anything.
  const probabilities = patch.node("LogSoftmax", [wide], "refract/lens/log_probabilities", { axis: VOCABULARY_AXIS });
  const most = patch.largest(wide, "refract/lens/largest");
  patch.node("Sub", [most, patch.largest(probabilities, "refract/lens/most_probable")], names.logSumExp);
  return names;
}
