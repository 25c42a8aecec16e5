import type { Dictionary } from "../../shared/plugin/dictionary-format.ts";
import type { ParamsOf } from "../../shared/protocol/interface.ts";
import { eachOnce } from "../dictionaries/each-once.ts";
import type { Application, LoadedModel } from "./application.ts";
import { readyCondition } from "./conditions.ts";
import type { SamplePrompts } from "./dictionary-trust.ts";
import { suiteOf } from "./model-dictionaries.ts";
import type { OpenPlugins } from "./open-plugins.ts";
import { dictionariesOfSpec } from "./spec-dictionaries.ts";
import type { SpecPlugins } from "./spec-plugins.ts";

interface Meant {
  model: LoadedModel;
  dictionaries: Dictionary[];
  /** Prompts that come with them. */
  prompts: SamplePrompts;
}

/** The dictionaries that a call means, and their model, opened; `null` where a spec names none. */
export async function meantDictionaries(
  of: ParamsOf<"dictionaries.trust">["of"],
  application: Application,
  { plugins, specPlugins }: { plugins: OpenPlugins; specPlugins: SpecPlugins },
  signal: AbortSignal,
): Promise<Meant | null> {
  if (of.kind === "spec") {
    const named = await dictionariesOfSpec(of.path, specPlugins);
    return named === null ? null : { ...named, model: await application.openModel(named.model, { signal }) };
  }
  const formats = (await plugins.registry()).all("dictionaries");
  const model = await application.openModel(of.model, { signal });
  if (of.kind === "folder") {
    const opened = await suiteOf(model, of.path, formats);
    return { model, dictionaries: opened, prompts: [] };
  }
  const tools = { model: model.engine.model, dictionaryFormats: formats };
  const ready = await Promise.all(of.conditions.map((condition) => readyCondition(condition, tools)));
  return { model, dictionaries: eachOnce(ready.flatMap(({ dictionaries }) => dictionaries)), prompts: [] };
}
