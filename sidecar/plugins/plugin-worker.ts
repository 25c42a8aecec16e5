/** The thread that one plugin of the user's runs in: loads the module, says what it offers, and answers calls. */
import { registerHooks } from "node:module";
import { parentPort, workerData } from "node:worker_threads";
import { openCallChannel } from "./call-channel.ts";

// A plugin outside of this package writes `import { definePlugin } from "refract/plugin"` and has no copy of it to find.
const STAND_IN = `data:text/javascript,${encodeURIComponent(
  "export const definePlugin = (plugin) => plugin; export const defineExperiment = (kind) => kind;",
)}`;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "refract/plugin" ? { url: STAND_IN, shortCircuit: true } : next(specifier, context),
});

type Callable = (...args: unknown[]) => unknown;
let plugin: Record<string, unknown> = {};

/** The plugin with each function replaced by the word "function". */
function describe(value: unknown): unknown {
  if (typeof value === "function") return "function";
  if (Array.isArray(value)) return value.map(describe);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, describe(entry)]));
  }
  return value;
}

async function load(): Promise<unknown> {
  const module: Record<string, unknown> = await import(String(workerData));
  const exported = module.default;
  if (typeof exported !== "object" || exported === null) {
    throw new Error("its default export is not a plugin: expected `export default definePlugin({name, ...})`");
  }
  plugin = { ...exported };
  return describe(plugin);
}

function find(target: string): Callable | undefined {
  if (target === "load") return load;
  const [list = "", index = "", method = ""] = target.split("/");
  const entries = plugin[list];
  const entry: unknown = Array.isArray(entries) ? entries[Number(index)] : undefined;
  if (typeof entry !== "object" || entry === null) return undefined;
  const found = (entry as Record<string, unknown>)[method];
  return typeof found === "function" ? (found.bind(entry) as Callable) : undefined;
}

if (parentPort) openCallChannel(parentPort, find);
