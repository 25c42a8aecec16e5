import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { HookPoint } from "../../shared/engine/hook-point.ts";
import type { Dictionary, DictionaryFormat } from "../../shared/plugin/dictionary-format.ts";
import { openDictionaries } from "../dictionaries/open-dictionary.ts";
import { sameStream } from "../edits/same-stream.ts";
import type { LoadedModel } from "./application.ts";

/** Suites that were opened, by the model's folder: they are described once, and their weights stay in their files. */
const opened = new Map<string, Promise<Dictionary[]>>();

/** The suite that lies beside a model, in its folder `dictionaries`; empty where there is none. */
export function suiteOf({ path, engine }: LoadedModel, formats: readonly DictionaryFormat[]): Promise<Dictionary[]> {
  const folder = join(path, "dictionaries");
  const known = opened.get(folder);
  if (known !== undefined) return known;
  const opening = (async () => {
    if ((await stat(folder).catch(() => null))?.isDirectory() !== true) return [];
    const suite = await openDictionaries(folder, formats);
    return suite.filter(({ dIn }) => dIn === engine.model.dModel);
  })();
  opened.set(folder, opening);
  opening.catch(() => opened.delete(folder));
  return opening;
}

/** The dictionary beside a model that reads the stream at a hook point; `null` where there is none. */
export async function dictionaryBeside(
  model: LoadedModel,
  at: HookPoint,
  formats: readonly DictionaryFormat[],
): Promise<Dictionary | null> {
  return (await suiteOf(model, formats)).find(({ reads }) => sameStream(reads, at)) ?? null;
}
