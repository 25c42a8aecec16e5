import { hookPoint } from "../../shared/engine/hook-point.ts";
import type { Reading } from "../../shared/plugin/reading.ts";

/** The stream's size, to see where it grows and where a position carries a massive activation. */
export const streamNorm: Reading = {
  id: "norm",
  label: "Norm",
  unit: "‖x‖",
  describe: "Euclidean norm of the residual stream.",
  needs: { direction: false, activations: true, logits: false },
  async read({ engine, ledger, site, activations }) {
    const { layers, dModel } = engine.model;
    const count = ledger.ids.length;
    const values = new Float32Array(layers * count).fill(Number.NaN);
    for (let layer = 0; layer < layers; layer++) {
      const stream = activations[hookPoint(site, layer)];
      if (stream === undefined) continue;
      for (let position = 0; position < count; position++) {
        let sum = 0;
        for (let i = 0; i < dModel; i++) sum += (stream[position * dModel + i] ?? 0) ** 2;
        values[layer * count + position] = Math.sqrt(sum);
      }
    }
    return values;
  },
};
