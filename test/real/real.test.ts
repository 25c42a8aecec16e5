import { goldenModels } from "../support/engine/golden-model.ts";
import { describeGolden } from "../support/engine/golden-suite.ts";

/** Exports of real weights differ from PyTorch by up to 9e-4 in a logit before anything is edited; int4 kernels round activations to 8 bits. */
const TOLERANCE = { fp32: 2e-4, int4: 1e-3 };
const REPEAT = { fp32: 1e-4, int4: 1e-3 };

for (const model of goldenModels(process.env.REFRACT_REAL ?? "")) {
  for (const name of Object.keys(model.exports)) {
    describeGolden(model, name, {
      provider: "cpu",
      blocks: null,
      scale: "position",
      edits: model.exports[name]?.precision === "int4" ? "in place" : "followed",
      tolerance: TOLERANCE,
      repeat: REPEAT,
    });
  }
}
