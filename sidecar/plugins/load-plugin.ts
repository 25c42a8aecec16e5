import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { RefractError, refused } from "../../shared/errors.ts";
import type { RefractPlugin } from "../../shared/plugin/define-plugin.ts";
import type { DictionaryFormat } from "../../shared/plugin/dictionary-format.ts";
import type { DirectionFinder } from "../../shared/plugin/direction-finder.ts";
import type { ExperimentKind } from "../../shared/plugin/experiment-kind.ts";
import type { Reading } from "../../shared/plugin/reading.ts";
import type { ResultView } from "../../shared/plugin/result-view.ts";
import type { Scorer } from "../../shared/plugin/scorer.ts";
import { plainEngine } from "./plain-engine.ts";
import { type PluginShape, pluginShape } from "./plugin-shape.ts";
import { PluginThread } from "./plugin-thread.ts";

export interface LoadedPlugin {
  plugin: RefractPlugin;
  /** The module's path, or "built in". */
  source: string;
  close(): Promise<void>;
}

const LISTS = ["experiments", "finders", "views", "scorers", "readings", "dictionaries"] as const;
type Lists = Required<Pick<RefractPlugin, (typeof LISTS)[number]>>;

/** An entry whose functions call into the plugin's thread; what they return is checked where it is used. */
function standIn(thread: PluginThread, list: string, index: number, entry: Readonly<Record<string, unknown>>): unknown {
  return Object.fromEntries(
    Object.entries(entry).map(([key, value]) => [
      key,
      value === "function" ? (...args: unknown[]) => thread.call(`${list}/${index}/${key}`, args) : value,
    ]),
  );
}

function standIns(thread: PluginThread, shape: PluginShape): Lists {
  const each = (list: (typeof LISTS)[number]) => shape[list].map((entry, i) => standIn(thread, list, i, entry));
  return {
    experiments: each("experiments") as ExperimentKind[],
    finders: (each("finders") as DirectionFinder[]).map((finder) => ({
      ...finder,
      // A plan is made without waiting; what a finder of the user's takes is counted as it goes.
      passes: () => 0,
    })),
    views: each("views") as ResultView[],
    scorers: each("scorers") as Scorer[],
    readings: (each("readings") as Reading[]).map((reading) => ({
      ...reading,
      read: (input, options) => reading.read({ ...input, engine: plainEngine(input.engine) }, options),
    })),
    dictionaries: each("dictionaries") as DictionaryFormat[],
  };
}

/**
 * Loads a plugin module in a thread of its own. Refused, by path, where there is no file, it does not load, or its default export is not
 * a plugin.
 */
export async function loadPlugin(path: string, idleMs = 60_000): Promise<LoadedPlugin> {
  if (!existsSync(path)) throw refused(`plugin ${path}: there is no such file.`);
  const thread = new PluginThread({ url: pathToFileURL(path).href, label: `plugin ${path}`, idleMs });
  try {
    const parsed = pluginShape.safeParse(await thread.load());
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw refused(
        `plugin ${path}: ${issue?.path.join(".") ?? "default export"}: ${issue?.message ?? "is not a plugin"}.`,
      );
    }
    return {
      plugin: { name: parsed.data.name, ...standIns(thread, parsed.data) },
      source: path,
      close: () => thread.close(),
    };
  } catch (error) {
    await thread.close();
    if (error instanceof RefractError && error.code === "refused") throw error;
    throw refused(error instanceof Error ? error.message : String(error), error);
  }
}
