import { hookPoint } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { Reading } from "../../shared/plugin/reading.ts";

/** How far the stream goes along a direction: x·v / ‖v‖, in the stream's own units. */
export const projection: Reading = {
  id: "projection",
  label: "Projection",
  unit: "along the direction",
  describe: "Length of the residual stream along a direction (x·v/‖v‖).",
  needs: { direction: true, activations: true, logits: false },
  async read({ engine, ledger, site, activations, direction }) {
    if (direction === null) throw refused('The reading "projection" needs a direction to project on.');
    const { layers, dModel } = engine.model;
    const { vector } = direction;
    const length = Math.hypot(...vector);
    if (length === 0) throw refused(`Direction ${direction.name} is zero: nothing can be projected on it.`);
    const count = ledger.ids.length;
    const values = new Float32Array(layers * count).fill(Number.NaN);
    for (let layer = 0; layer < layers; layer++) {
      const stream = activations[hookPoint(site, layer)];
      if (stream === undefined) continue;
      for (let position = 0; position < count; position++) {
        let sum = 0;
        for (let i = 0; i < dModel; i++) sum += (stream[position * dModel + i] ?? 0) * (vector[i] ?? 0);
        values[layer * count + position] = sum / length;
      }
    }
    return values;
  },
};
