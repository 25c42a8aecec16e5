import { hookPoint } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { Reading } from "../../shared/plugin/reading.ts";
import { logOdds } from "./log-odds.ts";

/**
 * What refusal the model would begin with if the stream ended here: the first-token refusal score (Arditi et al. 2024) of the logit lens
 * (nostalgebraist 2020), ln P - ln(1 - P) for the summed probability P of the tokens that refusals start with.
 */
export const refusalLens: Reading = {
  id: "refusal-lens",
  label: "refusal",
  unit: "log-odds",
  describe: "Log-odds of the next token beginning a refusal, as the logit lens sees it at this layer.",
  needs: { direction: false, activations: true, logits: false },
  async read({ engine, ledger, site, activations, refusalTokens }, options) {
    if (refusalTokens.length === 0)
      throw refused("None of the words in refract.refusalTokens is a token of this model.");
    const { layers, dModel } = engine.model;
    const count = ledger.ids.length;
    const values = new Float32Array(layers * count).fill(Number.NaN);
    const streams = new Float32Array(layers * count * dModel);
    const read: number[] = [];
    for (let layer = 0; layer < layers; layer++) {
      const stream = activations[hookPoint(site, layer)];
      if (stream === undefined) continue;
      streams.set(stream, layer * count * dModel);
      read.push(layer);
    }
    // One call for all layers: each one costs a way to the engine's process and back.
    const request = { activations: streams, tokens: refusalTokens, top: 0, full: false };
    const { logits, logSumExp } = await engine.lens(request, options);
    const width = refusalTokens.length;
    for (const layer of read) {
      for (let position = 0; position < count; position++) {
        const row = layer * count + position;
        let probability = 0;
        for (let t = 0; t < width; t++) probability += Math.exp((logits[row * width + t] ?? 0) - (logSumExp[row] ?? 0));
        values[row] = logOdds(probability);
      }
    }
    return values;
  },
};
