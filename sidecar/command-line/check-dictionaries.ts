import type { Command } from "commander";
import { refused } from "../../shared/errors.ts";
import type { LoadedModel } from "../application/application.ts";
import { beginningOf } from "../application/beginning-of.ts";
import { modelTitle } from "../application/model-title.ts";
import { eachOnce } from "../dictionaries/each-once.ts";
import { measureTrust } from "../dictionaries/trust.ts";
import type { CompiledCondition } from "../edits/compiled-condition.ts";

export interface CheckOptions {
  checkDictionaries?: boolean;
}

export function addCheckOption(command: Command): Command {
  return command.option("--check-dictionaries", "refuse edits by features of a dictionary that does not fit the model");
}

/** Measures the dictionaries that conditions edit by on the sequences themselves, where that is asked for; refused with every reason. */
export async function refuseUntrusted(
  { checkDictionaries }: CheckOptions,
  model: LoadedModel,
  conditions: readonly CompiledCondition[],
  sequences: readonly (readonly number[])[],
  signal: AbortSignal,
): Promise<void> {
  if (checkDictionaries !== true) return;
  const settings = { bos: await beginningOf(model), model: modelTitle(model.name, model.path) };
  for (const dictionary of eachOnce(conditions.flatMap(({ dictionaries }) => dictionaries))) {
    const { reasons } = await measureTrust(model.engine, dictionary, sequences, settings, { signal });
    if (reasons.length > 0) throw refused(`--check-dictionaries: ${dictionary.path}: ${reasons.join("; ")}`);
  }
}
