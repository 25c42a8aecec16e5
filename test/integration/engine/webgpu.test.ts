import { existsSync } from "node:fs";
import { describe, it, vi } from "vitest";
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

/**
 * TorchScript and dynamo exports compute the sines of their rotary embedding in the graph, and WebGPU's are good to about 1e-3: the untouched
 * TorchScript export differs by 2.7e-4 of scale between this provider and the CPU's, which edits raise to 9e-4. The builder's exports carry
 * tables of them, and keep the bound of the CPU.
 */
const toleranceOf = (name: string) => ({ fp32: name.startsWith("genai") ? 2e-4 : 1e-3 });

// Without a cache every step of a generation has a new shape, for which the shaders are made anew: a minute on two cores without a GPU.
vi.setConfig({ testTimeout: 300_000 });

const probe = await probeProvider("webgpu");
if (probe.starts) {
  const all = process.env.REFRACT_WEBGPU === "all";
  for (const model of goldenModels()) {
    for (const [name, { precision }] of Object.entries(model.exports)) {
      const chosen = all || (model.folder.endsWith("llama") && CHOSEN.includes(name));
      if (chosen && precision === "fp32")
        describeGolden(model, name, {
          provider: "webgpu",
          blocks: 2,
          scale: "activation",
          edits: "followed",
          tolerance: toleranceOf(name),
          repeat: { fp32: 1e-5 },
        });
    }
  }
} else {
  describe("WebGPU", () => {
    it.skip(`there is no device on this machine: ${probe.reason}`, () => undefined);
  });
}
