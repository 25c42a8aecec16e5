import type { PluginRegistry } from "../plugins/registry.ts";

/** The plugins that are loaded now: the built-in ones and those that the user listed last. */
export class OpenPlugins {
  #registry: Promise<PluginRegistry> | null = null;
  #paths: readonly string[] = [];

  /** Modules beside the built-in plugins. */
  get paths(): readonly string[] {
    return this.#paths;
  }

  registry(): Promise<PluginRegistry> {
    this.#registry ??= this.#open();
    return this.#registry;
  }

  /** Loads these instead of the ones before. Refused by path; then the ones before stay. */
  async load(paths: readonly string[]): Promise<PluginRegistry> {
    if (paths.length === this.#paths.length && paths.every((path, at) => path === this.#paths[at]))
      return this.registry();
    const before = this.#registry;
    const opening = open(paths);
    const registry = await opening;
    this.#registry = opening;
    this.#paths = paths;
    await (await before)?.close();
    return registry;
  }

  async close(): Promise<void> {
    await (await this.#registry)?.close();
    this.#registry = null;
  }

  #open(): Promise<PluginRegistry> {
    const opening = open(this.#paths);
    opening.catch(() => {
      this.#registry = null;
    });
    return opening;
  }
}

async function open(paths: readonly string[]): Promise<PluginRegistry> {
  // Every experiment comes with it: a sidecar that has only just started needs none.
  const { openRegistry } = await import("../plugins/open-registry.ts");
  return openRegistry(paths);
}
