import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { BUILT_IN_FORMATS, openDictionaries } from "../../../sidecar/dictionaries/open-dictionary.ts";
import { encode } from "../../../sidecar/engine/dictionary/encode.ts";
import { EncoderSessions } from "../../../sidecar/engine/dictionary/encoder-sessions.ts";
import { probeProvider } from "../../../sidecar/engine/providers/probe-provider.ts";
import { seeded } from "../../../sidecar/statistics/random.ts";

/** On a GPU, or in software where Debian's chromium brings SwiftShader. */
const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
if (process.platform === "linux" && process.env.VK_ICD_FILENAMES === undefined && existsSync(SWIFTSHADER)) {
  process.env.VK_ICD_FILENAMES = SWIFTSHADER;
}
const FIXTURES = join(import.meta.dirname, "../../fixtures/dictionaries");
const CPU = { provider: "cpu", threads: 1 } as const;
const BUDGET = 2 ** 26;
const WANTED = { top: 4, active: true, statistics: true, reconstruct: true, features: [1, 3] };

const cpu = new EncoderSessions(CPU, BUDGET);
afterAll(() => cpu.release());

function activationsFor(dIn: number): Float32Array {
  const random = seeded(3, "x");
  return Float32Array.from({ length: 5 * dIn }, () => random.normal());
}

/** One for each way from z to f and from x to x̂; REFRACT_WEBGPU=all takes every fixture. */
const CHOSEN = ["saelens-standard", "saelens-gated", "saelens-jumprelu-bf16", "saelens-topk-layer-norm", "gemma-scope"];
const names = process.env.REFRACT_WEBGPU === "all" ? await readdir(FIXTURES) : CHOSEN;

const probe = await probeProvider("webgpu");
describe.skipIf(!probe.starts)("on WebGPU", () => {
  const webgpu = new EncoderSessions({ ...CPU, provider: "webgpu" }, BUDGET);
  afterAll(() => webgpu.release());

  test.each(names)("%s gives the features and reconstructions of the CPU", async (name) => {
    for (const dictionary of await openDictionaries(join(FIXTURES, name), BUILT_IN_FORMATS)) {
      const request = { dictionary, activations: activationsFor(dictionary.dIn), ...WANTED };
      const there = await encode(webgpu, request, {});
      const here = await encode(cpu, request, {});
      expect(there).toMatchObject({ provider: "webgpu", fallback: null });
      for (const of of ["topActivations", "chosen", "active", "fired", "sum", "reconstruction"] as const) {
        const scale = Math.max(1, ...here[of].map(Math.abs));
        const worst = Math.max(...here[of].map((value, i) => Math.abs(value - (there[of][i] ?? Number.NaN)) / scale));
        expect([of, worst < 1e-4]).toEqual([of, true]);
      }
      // Only what fires has a place of its own: features that do not are all 0.
      expect([...there.topFeatures].filter((_, i) => (there.topActivations[i] ?? 0) > 0)).toEqual(
        [...here.topFeatures].filter((_, i) => (here.topActivations[i] ?? 0) > 0),
      );
    }
  });
});

test("a provider that cannot run a dictionary leaves it to the CPU, and says so", async () => {
  const absent = process.platform === "darwin" ? "directml" : "coreml";
  const sessions = new EncoderSessions({ ...CPU, provider: absent }, BUDGET);
  const [dictionary] = await openDictionaries(join(FIXTURES, "saelens-jumprelu-fp16"), BUILT_IN_FORMATS);
  if (dictionary === undefined) throw new Error("the fixture holds no dictionary");
  const request = { dictionary, activations: activationsFor(dictionary.dIn), ...WANTED };
  const found = await encode(sessions, request, {});
  await sessions.release();
  const { provider: _, fallback: __, ...expected } = await encode(cpu, request, {});
  expect(found).toMatchObject({ ...expected, provider: "cpu" });
  expect(found.fallback).toMatch(new RegExp(`^${absent} could not encode with it \\(.+\\)$`));
});
