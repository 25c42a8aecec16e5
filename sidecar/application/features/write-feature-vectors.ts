import { refused } from "../../../shared/errors.ts";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { FeatureReference, FeatureVectorsFile } from "../../../shared/protocol/feature-messages.ts";
import { featureVectors } from "../../dictionaries/feature-vectors.ts";
import { writeSafetensors } from "../../files/safetensors.ts";
import { unit } from "../../statistics/vectors.ts";
import { checkFeature, dictionaryOf } from "./suite-features.ts";

/**
 * Writes the decoder vectors of features, each of length 1, as a component reads them: a tensor `[features, dModel]` per layer.
 * Refused: a dictionary that writes another width than the stream's.
 */
export async function writeFeatureVectors(
  suite: readonly Dictionary[],
  features: readonly FeatureReference[],
  { file, dModel }: { file: string; dModel: number },
): Promise<FeatureVectorsFile> {
  const layers = [...new Set(features.map(({ layer }) => layer))].sort((a, b) => a - b);
  const tensors = new Map<string, { dtype: "F32"; shape: number[]; data: Float32Array }>();
  const written: FeatureVectorsFile["written"] = [];
  for (const layer of layers) {
    const dictionary = dictionaryOf(suite, layer);
    if (dictionary.dOut !== dModel) {
      throw refused(`${dictionary.path}: writes ${dictionary.dOut} values, and the stream has ${dModel}.`);
    }
    const numbers = features.filter((one) => one.layer === layer).map(({ feature }) => feature);
    for (const feature of numbers) checkFeature(dictionary, feature);
    const vectors = await featureVectors(dictionary, numbers);
    const data = new Float32Array(numbers.length * dModel);
    vectors.forEach(({ v }, at) => {
      data.set(unit(v), at * dModel);
    });
    tensors.set(`layer_${layer}`, { dtype: "F32", shape: [numbers.length, dModel], data });
    written.push({ tensor: `layer_${layer}`, at: dictionary.writes, features: numbers });
  }
  await writeSafetensors(file, tensors);
  return { written };
}
