import { Application } from "../../sidecar/application/application.ts";
import { FeatureLabels } from "../../sidecar/application/features/feature-labels.ts";
import { featureReading } from "../../sidecar/application/features/feature-reading.ts";
import { strongestFeatures } from "../../sidecar/application/features/strongest-features.ts";
import { layerOf } from "../../sidecar/application/features/suite-features.ts";
import { inspect } from "../../sidecar/application/inspect.ts";
import { suiteOf } from "../../sidecar/application/model-dictionaries.ts";
import { Passes } from "../../sidecar/application/passes.ts";
import { BUILT_IN_FORMATS } from "../../sidecar/dictionaries/open-dictionary.ts";

/** Words of the demo model's vocabulary, so that a word is about a token. */
const WORDS = "I want to infect the blog of my friend and then the server of the bank right now please".split(" ");

/** What the feature pictures of a long prompt take on the demo model, as the sidecar makes them: with tokens, the way to the engine's process and back, and lenses. Medians in milliseconds. */
export interface FeatureHeatmapTimes {
  tokens: number;
  layers: number;
  /** One feature at each layer, with the prompt's forward pass and where the pass is kept already. */
  byLayer: { withPass: number; passKept: number };
  /** The 24 strongest features of one layer; the pass is kept. */
  ofOneLayer: number;
}

export async function featureHeatmap(
  wanted: number,
  median: (run: () => Promise<unknown>) => Promise<number>,
): Promise<FeatureHeatmapTimes> {
  const application = new Application({ provider: "cpu", threads: null, blocks: null, resolve: (path) => path });
  try {
    const model = await application.openModel("demo");
    const suite = await suiteOf(model, null, BUILT_IN_FORMATS);
    const tokenizer = await model.tokenizer();
    const ofWords = (count: number) => {
      const text = Array.from({ length: count }, (_, at) => WORDS[at % WORDS.length] ?? "").join(" ");
      return [{ role: "user" as const, text, segments: [] }];
    };
    let count = 1;
    while (tokenizer.ledger(ofWords(count)).ids.length < wanted) count++;
    const prompt = { messages: ofWords(count), lineStarts: [0] };
    const features = suite.map((dictionary) => ({ layer: layerOf(dictionary), feature: 0 }));
    const reading = featureReading(features, suite);
    const { signal } = new AbortController();
    const read = (passes: Passes) =>
      inspect(
        {
          model: "demo",
          prompt,
          reading: reading.id,
          site: "resid_post",
          direction: null,
          dictionaries: null,
          refusalTokens: ["I", "No"],
        },
        { model, passes, reading, note: "", signal },
      );
    const kept = new Passes();
    const { key, ledger } = await read(kept);
    const request = { layer: 4, count: 24, only: null, suite, labels: new FeatureLabels(new Map()) };
    return {
      tokens: ledger.ids.length,
      layers: suite.length,
      byLayer: { withPass: await median(() => read(new Passes())), passKept: await median(() => read(kept)) },
      ofOneLayer: await median(() => strongestFeatures(kept.get(key), request, signal)),
    };
  } finally {
    await application.close();
  }
}
