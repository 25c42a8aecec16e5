import type { Command } from "commander";
import type { Dictionary } from "../../shared/plugin/dictionary-format.ts";
import { beginningOf } from "../application/beginning-of.ts";
import { modelTitle } from "../application/model-title.ts";
import { BUILT_IN_FORMATS, openDictionaries } from "../dictionaries/open-dictionary.ts";
import { measureTrust } from "../dictionaries/trust.ts";
import { addInputOptions, type InputOptions, readInput, sequencesOf } from "./input-options.ts";
import { addModelOptions, type ModelOptions, say, withApplication } from "./model-options.ts";

interface DictionaryOptions extends ModelOptions, InputOptions {
  dictionaryFormat?: string;
}

/** `refract inspect-dictionary`: what a dictionary's files say, and what it does on a model's own activations. NDJSON, a line each. */
export function addInspectDictionaryCommand(program: Command, resolve: (path: string) => string): void {
  const command = program
    .command("inspect-dictionary")
    .description("Show what the dictionaries of a folder are, and how well they fit a model on sample prompts.")
    .argument("<model>", "the model's folder, an .onnx file, or demo")
    .argument("<dictionary>", "folder or file of a dictionary, or of a suite")
    .option("--dictionary-format <id>", "the dictionaries' format, where two fit")
    .option("--json", "print JSON, a line for each dictionary (the only form there is)");
  addModelOptions(addInputOptions(command)).action((name: string, path: string, options: DictionaryOptions) =>
    withApplication(options, resolve, async (application, signal) => {
      const input = await readInput(options, resolve);
      const opened = await openDictionaries(resolve(path), BUILT_IN_FORMATS, options.dictionaryFormat);
      const model = await application.openModel(name, { signal });
      const sequences = await sequencesOf(input, options, model);
      const settings = { bos: await beginningOf(model), model: modelTitle(model.name, model.path) };
      for (const dictionary of opened) {
        for (const warning of dictionary.warnings) say(`warning: ${warning}`);
        const trust = await measureTrust(model.engine, dictionary, sequences, settings, { signal });
        if (trust.fallback !== null) say(`warning: ${dictionary.path}: encoded on the CPU: ${trust.fallback}`);
        for (const reason of trust.reasons) say(`warning: ${dictionary.path}: ${reason}`);
        process.stdout.write(`${JSON.stringify({ ...described(dictionary), trust })}\n`);
      }
    }),
  );
}

function described({ format, path, reads, writes, dIn, features, activation, normalisation, declared }: Dictionary) {
  return {
    format,
    path,
    reads,
    writes,
    dIn,
    features,
    activation: activation.kind,
    normalisation: normalisation.kind,
    declared,
  };
}
