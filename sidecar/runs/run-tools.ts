import { resolve } from "node:path";
import type { Application } from "../application/application.ts";
import { productVersion } from "../application/product-version.ts";
import { runtimeVersion } from "../engine/run/checked-models.ts";
import { openRegistry } from "../plugins/open-registry.ts";
import type { RunTools } from "./prepare-run.ts";

/** What runs need of the application: its models, and the built-in plugins with those of the user's settings and the spec. */
export function runTools(
  application: Application,
  signal: AbortSignal,
  settingsPlugins: readonly string[] = [],
): RunTools {
  return {
    registry: (plugins) => openRegistry([...new Set([...settingsPlugins, ...plugins])]),
    async openModel(name, folder) {
      const model = await application.openModel(name === "demo" ? name : resolve(folder, name), { signal });
      return { path: model.path, engine: model.engine, tokenizer: await model.tokenizer() };
    },
    versions: { refract: productVersion(), node: process.version, "onnxruntime-node": runtimeVersion() },
  };
}
