import { refused } from "../../shared/errors.ts";
import type { RefractPlugin } from "../../shared/plugin/define-plugin.ts";
import { nearest } from "../../shared/spec/nearest.ts";
import type { SpecVocabulary } from "../../shared/spec/spec-schema.ts";
import type { LoadedPlugin } from "./load-plugin.ts";

type ListName = "experiments" | "finders" | "scorers" | "readings" | "dictionaries" | "prompts";
type EntryOf<L extends ListName> = NonNullable<RefractPlugin[L]>[number];

const WORDS: Record<ListName, string> = {
  experiments: "experiment kind",
  finders: "direction finder",
  scorers: "scorer",
  readings: "reading",
  dictionaries: "dictionary format",
  prompts: "prompt format",
};

/** Everything that plugins offer, built-in ones first. */
export class PluginRegistry {
  readonly plugins: readonly LoadedPlugin[];

  /** Refused where two plugins offer something under one id. */
  constructor(plugins: readonly LoadedPlugin[]) {
    this.plugins = plugins;
    for (const list of Object.keys(WORDS) as ListName[]) {
      const owners = new Map<string, string>();
      for (const { plugin, source } of plugins) {
        for (const { id } of plugin[list] ?? []) {
          const owner = owners.get(id);
          if (owner !== undefined) {
            throw refused(`${WORDS[list]} "${id}" is offered twice, by ${owner} and by ${plugin.name} (${source}).`);
          }
          owners.set(id, `${plugin.name} (${source})`);
        }
      }
    }
  }

  all<L extends ListName>(list: L): EntryOf<L>[] {
    return this.plugins.flatMap(({ plugin }) => [...((plugin[list] ?? []) as readonly EntryOf<L>[])]);
  }

  views(kind: string): NonNullable<RefractPlugin["views"]>[number][] {
    return this.plugins.flatMap(({ plugin }) => (plugin.views ?? []).filter((view) => view.kind === kind));
  }

  /** Refused, with the nearest known one, where there is none. */
  find<L extends ListName>(list: L, id: string): EntryOf<L> {
    const entries = this.all(list);
    const found = entries.find((entry) => entry.id === id);
    if (found) return found;
    const known = entries.map((entry) => entry.id);
    const near = nearest(id, known);
    throw refused(
      `there is no ${WORDS[list]} "${id}"${near === null ? "" : `; did you mean "${near}"?`} (known: ${known.join(", ")}).`,
    );
  }

  vocabulary(): SpecVocabulary {
    return {
      experiments: this.all("experiments"),
      finders: this.all("finders"),
      scorers: this.all("scorers"),
      readings: this.all("readings"),
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.plugins.map((plugin) => plugin.close()));
  }
}
