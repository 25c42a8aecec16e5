import { hookPoint } from "../../shared/engine/hook-point.ts";
import type { Reading } from "../../shared/plugin/reading.ts";

/** How unexpected each token is, as every layer sees it through the logit lens: -ln P(token | the stream at the token before it). */
export const surprisal: Reading = {
  id: "surprisal",
  label: "Surprisal",
  unit: "nats",
  describe:
    "How unexpected each token is after those before it, as the logit lens sees it at this layer; the last layer is the model's own.",
  needs: { direction: false, activations: true, logits: false },
  async read({ engine, ledger, site, activations }, options) {
    const { layers } = engine.model;
    const { ids } = ledger;
    const tokens = [...new Set(ids)];
    const column = new Map(tokens.map((id, at) => [id, at]));
    const values = new Float32Array(layers * ids.length).fill(Number.NaN);
    for (let layer = 0; layer < layers; layer++) {
      const stream = activations[hookPoint(site, layer)];
      if (stream === undefined) continue;
      const { logits, logSumExp } = await engine.lens({ activations: stream, tokens, top: 0, full: false }, options);
      for (let position = 1; position < ids.length; position++) {
        const before = position - 1;
        const at = before * tokens.length + (column.get(ids[position] ?? -1) ?? 0);
        values[layer * ids.length + position] = (logSumExp[before] ?? 0) - (logits[at] ?? 0);
      }
    }
    return values;
  },
};
