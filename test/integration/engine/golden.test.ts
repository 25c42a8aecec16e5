import { goldenModels } from "../../support/engine/golden-model.ts";
import { describeGolden } from "../../support/engine/golden-suite.ts";

/**
 * Float32: of PyTorch. Narrower weights: of the untouched export in Python's ONNX Runtime 1.32, which itself differs from 1.30's by 1.5e-3 in
 * float16, and whose int4 kernels round activations to 8 bits, so that a last bit is a step.
 */
const TOLERANCE = { fp32: 2e-4, fp16: 5e-3, int4: 5e-3 };
const REPEAT = { fp32: 1e-5, fp16: 2e-3, int4: 2e-3 };

for (const model of goldenModels()) {
  for (const name of Object.keys(model.exports)) {
    describeGolden(model, name, {
      provider: "cpu",
      blocks: 2,
      scale: "activation",
      edits: "followed",
      tolerance: TOLERANCE,
      repeat: REPEAT,
    });
  }
}
