import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { FeatureDescription, FeatureReference } from "../../../shared/protocol/feature-messages.ts";
import type { DirectionReference } from "../../../shared/protocol/inspect-messages.ts";
import { featureVectors } from "../../dictionaries/feature-vectors.ts";
import { cosine } from "../../statistics/vectors.ts";
import type { Pass } from "../passes.ts";
import { readDirection } from "../read-direction.ts";
import { firstTokens } from "../refusal-start.ts";
import type { FeatureLabels } from "./feature-labels.ts";
import { checkFeature, dictionaryOf, NOTHING_ELSE, readBy } from "./suite-features.ts";

/** How many of the tokens that a decoder vector raises most are looked at. */
const RAISED = 20;

export interface DescribeRequest extends FeatureReference {
  suite: readonly Dictionary[];
  labels: FeatureLabels;
  directions: readonly DirectionReference[];
  /** Words that refusals start with. */
  refusalTokens: readonly string[];
}

/**
 * One feature: where it fires in the prompt of a pass, how its decoder vector lies to the directions known, and which tokens that vector
 * raises when it is read through the last norm and the unembedding, as the logit lens reads the stream.
 */
export async function describeFeature(
  pass: Pass,
  { layer, feature, suite, labels, directions, refusalTokens }: DescribeRequest,
  signal: AbortSignal,
): Promise<FeatureDescription> {
  const { engine } = pass.model;
  const dictionary = dictionaryOf(suite, layer);
  checkFeature(dictionary, feature);
  const [vectors] = await featureVectors(dictionary, [feature]);
  const decoder = vectors?.v ?? new Float32Array();
  const [encoded, lens, cosines, tokenizer] = await Promise.all([
    engine.encode(
      { ...NOTHING_ELSE, dictionary, activations: readBy(dictionary, pass), features: [feature] },
      { signal },
    ),
    engine.lens({ activations: decoder, tokens: [], top: RAISED, full: false }, { signal }),
    cosinesWith(decoder, directions, pass),
    pass.model.tokenizer(),
  ]);
  const refusals = new Set(firstTokens(tokenizer, refusalTokens));
  const raised = Array.from(lens.topIds, (id) => ({
    text: tokenizer.decode([id], { special: true }),
    refusal: refusals.has(id),
  }));
  return {
    ...labels.named({ layer, feature }),
    at: dictionary.reads,
    of: dictionary.features,
    activations: encoded.chosen,
    cosines,
    raised,
    refusal: { raised: raised.filter(({ refusal }) => refusal).length, tokens: refusals.size },
  };
}

async function cosinesWith(
  decoder: Float32Array,
  directions: readonly DirectionReference[],
  { site, model }: Pass,
): Promise<FeatureDescription["cosines"]> {
  const found = await Promise.all(
    directions.map(async (reference) => {
      const { name, vector } = await readDirection(reference, site, model.engine.model.dModel);
      return { name, cosine: cosine(decoder, vector) };
    }),
  );
  return found.sort((a, b) => Math.abs(b.cosine) - Math.abs(a.cosine));
}
