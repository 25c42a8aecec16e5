import { definePlugin } from "refract/plugin";

export default definePlugin({
  name: "layer-number",
  readings: [
    {
      id: "layer-number",
      label: "layer number",
      unit: "layers",
      describe: "The number of each layer.",
      needs: { direction: false, activations: false, logits: false },
      async read({ engine, ledger }) {
        const tokens = ledger.ids.length;
        return Float32Array.from({ length: engine.model.layers * tokens }, (_, at) => Math.floor(at / tokens));
      },
    },
  ],
});
