import { expect, it } from "vitest";
import { chooseProvider } from "../../../../sidecar/engine/providers/provider-table.ts";

it("takes a provider by its own name or the runtime's", () => {
  expect(chooseProvider("directml", "win32-x64")).toEqual({ candidates: ["directml"] });
  expect(chooseProvider("dml", "win32-x64")).toEqual({ candidates: ["directml"] });
});

it("ends automatic choice at the CPU on every platform", () => {
  for (const platform of ["linux-x64", "linux-arm64", "win32-x64", "darwin-arm64", "freebsd-x64"]) {
    expect(chooseProvider("auto", platform).candidates.at(-1)).toBe("cpu");
  }
});

it("refuses what the platform does not have with what it has", () => {
  const refusal = (wanted: string, platform: string) => () => chooseProvider(wanted, platform);
  expect(refusal("coreml", "linux-x64")).toThrow(
    /"coreml" is not available on linux-x64; expected one of auto, cpu, webgpu, cuda/,
  );
  expect(refusal("tpu", "darwin-arm64")).toThrow(/no provider "tpu"; expected one of auto, cpu, webgpu, coreml/);
});
