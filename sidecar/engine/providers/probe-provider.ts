import { existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { InferenceSession, listSupportedBackends, Tensor } from "onnxruntime-node";
import { type ProviderName, runtimeName } from "./provider-table.ts";

/** An ONNX model with one node: `y = Identity(x)`, float32 `[1]`; opset 13, IR version 8. */
const IDENTITY = "CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEA0=";

/** Whether a provider starts on this machine; `absent` where this copy of the runtime does not have it. The CPU always starts. */
export type Probe = { starts: true } | { starts: false; absent: boolean; reason: string };

export async function probeProvider(provider: ProviderName): Promise<Probe> {
  if (provider === "cpu") return { starts: true };
  if (!isInstalled(provider)) {
    return {
      starts: false,
      absent: true,
      reason: `onnxruntime-node was installed without it; "node node_modules/onnxruntime-node/script/install" fetches what it has for this machine`,
    };
  }
  try {
    const session = await InferenceSession.create(Buffer.from(IDENTITY, "base64"), {
      executionProviders: [runtimeName(provider)],
      logSeverityLevel: 4,
    });
    await session.run({ x: new Tensor("float32", new Float32Array(1), [1]) });
    await session.release();
    return { starts: true };
  } catch (error) {
    return { starts: false, absent: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** What is not bundled with the package is a library beside its own: asking the runtime for a missing one writes to stderr whatever the log level. */
function isInstalled(provider: ProviderName): boolean {
  const name = runtimeName(provider);
  const backend = listSupportedBackends().find((candidate) => candidate.name === name);
  if (backend === undefined || backend.bundled) return backend !== undefined;
  const root = dirname(createRequire(import.meta.url).resolve("onnxruntime-node/package.json"));
  const folder = join(root, "bin", "napi-v6", process.platform, process.arch);
  return existsSync(folder) && readdirSync(folder).some((file) => file.includes(`providers_${name}`));
}
