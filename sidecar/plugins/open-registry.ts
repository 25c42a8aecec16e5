import { definePlugin, type RefractPlugin } from "../../shared/plugin/define-plugin.ts";
import { promptFormats } from "../../shared/prompts/built-in-formats.ts";
import { BUILT_IN_FORMATS } from "../dictionaries/open-dictionary.ts";
import { builtInExperiments } from "../experiments/built-in-experiments.ts";
import { builtInReadings } from "../readings/built-in-readings.ts";
import { builtInScorers } from "../scorers/built-in-scorers.ts";
import { type LoadedPlugin, loadPlugin } from "./load-plugin.ts";
import { PluginRegistry } from "./registry.ts";

function builtIn(plugin: RefractPlugin): LoadedPlugin {
  return { plugin, source: "built in", close: async () => {} };
}

/** The built-in plugins and those at `paths` (absolute), each of these in a thread of its own. */
export async function openRegistry(paths: readonly string[], idleMs?: number): Promise<PluginRegistry> {
  const dictionaries = definePlugin({ name: "dictionaries", dictionaries: BUILT_IN_FORMATS });
  const own = [builtInExperiments, builtInScorers, builtInReadings, promptFormats, dictionaries].map(builtIn);
  const loaded: LoadedPlugin[] = [];
  try {
    for (const path of new Set(paths)) loaded.push(await loadPlugin(path, idleMs));
    return new PluginRegistry([...own, ...loaded]);
  } catch (error) {
    await Promise.all(loaded.map((plugin) => plugin.close()));
    throw error;
  }
}
