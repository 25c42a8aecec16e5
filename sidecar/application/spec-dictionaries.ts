import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { HookPoint } from "../../shared/engine/hook-point.ts";
import { parseHookPoint } from "../../shared/engine/hook-point.ts";
import type { Dictionary } from "../../shared/plugin/dictionary-format.ts";
import { evenly } from "../../shared/prompts/evenly.ts";
import { eachOnce } from "../dictionaries/each-once.ts";
import { openDictionaries } from "../dictionaries/open-dictionary.ts";
import { sameStream } from "../edits/same-stream.ts";
import type { SamplePrompts } from "./dictionary-trust.ts";
import { readPrompts } from "./read-prompts.ts";
import type { SpecPlugins } from "./spec-plugins.ts";

/** The parts of a spec that name dictionaries, and prompts to measure them on; whether the rest is right is checked when it runs. */
const named = z.object({
  model: z.string(),
  prompts: z.record(z.string(), z.looseObject({ file: z.string() })).default({}),
  conditions: z.record(z.string(), z.array(z.looseObject({}))).default({}),
  experiments: z.record(z.string(), z.looseObject({})).default({}),
});

const edit = z.object({ dictionary: z.string(), at: z.union([z.string(), z.array(z.string())]).optional() });
const experiment = z.object({ dictionaries: z.string() });

const MOST_PROMPTS = 16;

export interface SpecDictionaries {
  /** The model as the spec names it, a folder made absolute. */
  model: string;
  dictionaries: Dictionary[];
  prompts: SamplePrompts;
}

/**
 * The dictionaries that a spec's conditions and experiments name, in the formats of the plugins that it can use; `null` where it names none, or
 * is no spec at all: the run itself says why. The same holds for prompt files that can't be read.
 */
export async function dictionariesOfSpec(
  path: string,
  plugins: Pick<SpecPlugins, "registry">,
): Promise<SpecDictionaries | null> {
  const text = await readFile(path, "utf8").catch(() => "");
  const spec = named.safeParse(yamlOf(text));
  if (!spec.success) return null;
  const folder = dirname(path);
  const { model, prompts, conditions, experiments } = spec.data;
  const wanted = [
    ...Object.values(conditions).flatMap((edits) => edits.flatMap((each) => edit.safeParse(each).data ?? [])),
    ...Object.values(experiments).flatMap((each) => {
      const found = experiment.safeParse(each).data;
      return found === undefined ? [] : [{ dictionary: found.dictionaries, at: undefined }];
    }),
  ];
  if (wanted.length === 0) return null;
  const registry = await plugins.registry(path, text);
  const found: Dictionary[] = [];
  for (const { dictionary, at } of wanted) {
    const points = [at ?? []].flat().filter((point): point is HookPoint => parseHookPoint(point) !== null);
    for (const opened of await openDictionaries(resolve(folder, dictionary), registry.all("dictionaries"))) {
      const meant = points.length === 0 || points.some((point) => sameStream(point, opened.reads));
      if (meant) found.push(opened);
    }
  }
  const files = [...new Set(Object.values(prompts).map(({ file }) => resolve(folder, file)))];
  const read = await Promise.all(
    files.map((file) => readPrompts(file, registry.all("prompts")).catch(() => ({ prompts: [] }))),
  );
  return {
    model: model === "demo" ? model : resolve(folder, model),
    dictionaries: eachOnce(found),
    prompts: evenly(
      read.flatMap(({ prompts: own }) => own.map(({ messages }) => messages)),
      MOST_PROMPTS,
    ),
  };
}

function yamlOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    // Not YAML names nothing; the run says where it breaks.
    return null;
  }
}
