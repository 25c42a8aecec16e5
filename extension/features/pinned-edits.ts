import { dirname, relative } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { FeatureReference, FeatureSuite, FeatureVectorsFile } from "../../shared/protocol/feature-messages.ts";

/** The condition that the pinned features become in Compare. */
export const PINNED_CONDITION = "without-pinned-features";

/**
 * An edits file that takes features out: each is scaled by 0 where its dictionary reads, and what the dictionary does not explain stays as it is.
 * Refused: the suite has no dictionary of a feature's layer.
 */
export function pinnedEditsFile(features: readonly FeatureReference[], suite: FeatureSuite): string {
  const edits = features.map(({ layer, feature }) => {
    const found = suite.layers.find((one) => one.layer === layer);
    if (found === undefined) throw refused(`The suite beside this model has no dictionary of layer ${layer}.`);
    return { kind: "scale", dictionary: found.path, feature, factor: 0, error: "keep", at: found.at };
  });
  return `${JSON.stringify({ conditions: [{ name: PINNED_CONDITION, edits }] }, null, 2)}\n`;
}

export interface ComponentsToWrite {
  /** Absolute path of the spec. */
  spec: string;
  model: string;
  /** Absolute path of the file with the vectors, and what is in it. */
  file: string;
  written: FeatureVectorsFile["written"];
}

/**
 * The spec's text with a component for the pinned features of each layer: the span of their decoder vectors. Everything else in the file,
 * comments included, stays as it is. An empty text becomes a spec that still needs prompts and experiments.
 *
 * @returns the text and the components' names.
 */
export async function specWithComponents(
  text: string,
  { spec, model, file, written }: ComponentsToWrite,
): Promise<{ text: string; names: string[] }> {
  const { parseDocument } = await import("yaml");
  const from = (path: string) => relative(dirname(spec), path).replaceAll("\\", "/");
  const named = model === "demo" ? "demo" : from(model);
  const start =
    text.trim() === ""
      ? `refract: 1\nmodel: ${JSON.stringify(named)}\nprompts: {}\ncomponents: {}\nexperiments: {}\n`
      : text;
  const document = parseDocument(start);
  const taken = Object.keys((document.toJS() as { components?: object | null }).components ?? {});
  const names = written.map(({ tensor, at, features }) => {
    const layer = tensor.slice(tensor.lastIndexOf("_") + 1);
    const wanted = features.length === 1 ? `feature-${layer}-${features[0]}` : `features-${layer}`;
    let name = wanted;
    for (let number = 2; taken.includes(name); number++) name = `${wanted}-${number}`;
    taken.push(name);
    document.setIn(["components", name], document.createNode({ vectors: `${from(file)}#${tensor}`, at }));
    return name;
  });
  return { text: document.toString({ flowCollectionPadding: false, lineWidth: 0 }), names };
}
