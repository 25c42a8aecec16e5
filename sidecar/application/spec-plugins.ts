import { existsSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { PluginRegistry } from "../plugins/registry.ts";
import { OpenPlugins } from "./open-plugins.ts";

const pluginList = z.object({ plugins: z.array(z.string()).optional() });

/** The plugin modules that a spec names, absolute; none where its text is not YAML, which reading the spec says where. */
export function pluginsOfSpec(path: string, text: string): string[] {
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    return [];
  }
  const parsed = pluginList.safeParse(value);
  return (parsed.data?.plugins ?? []).map((plugin) => resolve(dirname(path), plugin));
}

/** What the spec in an editor can use: the loaded plugins with those that it names, which are kept until their files change. */
export class SpecPlugins {
  readonly #loaded: OpenPlugins;
  readonly #own = new OpenPlugins();
  #stamp = "";

  /** `loaded`: the plugins of the settings. */
  constructor(loaded: OpenPlugins) {
    this.#loaded = loaded;
  }

  /** Refused by path where one of the spec's plugins cannot be loaded. */
  async registry(path: string, text: string): Promise<PluginRegistry> {
    const named = pluginsOfSpec(path, text);
    if (named.length === 0) return this.#loaded.registry();
    const paths = [...new Set([...this.#loaded.paths, ...named])];
    const stamp = paths.map((file) => `${file} ${existsSync(file) ? statSync(file).mtimeMs : "none"}`).join("\n");
    if (stamp !== this.#stamp) await this.#own.load([]);
    const registry = await this.#own.load(paths);
    this.#stamp = stamp;
    return registry;
  }

  close(): Promise<void> {
    return this.#own.close();
  }
}
