import { existsSync, statSync } from "node:fs";
import { pluginsOfSpec } from "../plugins/plugins-of-spec.ts";
import type { PluginRegistry } from "../plugins/registry.ts";
import { OpenPlugins } from "./open-plugins.ts";

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
