import { existsSync } from "node:fs";
import { describe, it } from "vitest";
import { probeProvider } from "../../../sidecar/engine/providers/probe-provider.ts";
import { goldenModels } from "../../support/engine/golden-model.ts";
import { describeGolden } from "../../support/engine/golden-suite.ts";

/**
 * The same suite on the WebGPU provider, whose cache stays on the device: on a GPU, or in software where Debian's chromium brings SwiftShader.
 * One export for each way to keep a cache; REFRACT_WEBGPU=all takes every float32 export.
 */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (process.platform === "linux" && process.env.VK_ICD_FILENAMES === undefined && existsSync(SWIFTSHADER)) {
  process.env.VK_ICD_FILENAMES = SWIFTSHADER;
}
const CHOSEN = ["genai-fp32", "torchscript", "dynamo-no-cache"];
const SUITE = { provider: "webgpu", blocks: 2, tolerance: { fp32: 2e-4 }, repeat: { fp32: 1e-5 } } as const;

const probe = await probeProvider("webgpu");
if (probe.starts) {
  const all = process.env.REFRACT_WEBGPU === "all";
  for (const model of goldenModels()) {
    for (const [name, { precision }] of Object.entries(model.exports)) {
      const chosen = all || (model.folder.endsWith("llama") && CHOSEN.includes(name));
      if (chosen && precision === "fp32") describeGolden(model, name, SUITE);
    }
  }
} else {
  describe("WebGPU", () => {
    it.skip(`there is no device on this machine: ${probe.reason}`, () => undefined);
  });
}
