import { type Command, InvalidArgumentError } from "commander";
import type { EditReport } from "../../shared/engine/engine.ts";
import { refused } from "../../shared/errors.ts";
import type { LoadedModel } from "../application/application.ts";
import type { CompiledCondition } from "../edits/compiled-condition.ts";
import type { ModelTokenizer } from "../engine/tokens/open-tokenizer.ts";
import { addCheckOption, type CheckOptions, refuseUntrusted } from "./check-dictionaries.ts";
import { conditionsOf, readEdits, sayReports } from "./conditions-option.ts";
import { addInputOptions, type InputOptions, readInput, sequencesOf } from "./input-options.ts";
import { addModelOptions, type ModelOptions, positiveInteger, say, withApplication } from "./model-options.ts";
import { startProgress } from "./progress.ts";

interface GenerateOptions extends ModelOptions, InputOptions, CheckOptions {
  maxNewTokens: number;
  temperature: number;
  topP: number;
  seed: number;
  edits?: string;
  dictionaryFormat?: string;
}

/** Lanes of one call: what is printed together, and kept when the user stops. */
const AT_ONCE = 16;

/** `refract generate`: writes on from prompts under conditions, a line of JSON per lane. */
export function addGenerateCommand(program: Command, resolve: (path: string) => string): void {
  const command = program
    .command("generate")
    .description("Write on from prompts, each under every condition; prints a line of JSON per lane.")
    .argument("<model>", "the model's folder, an .onnx file, or demo")
    .requiredOption("--max-new-tokens <n>", "the most tokens that are written", positiveInteger)
    .option("--temperature <t>", "0 is greedy", number, 0)
    .option("--top-p <p>", "mass of the nucleus that is sampled from", number, 1)
    .option("--seed <n>", "seed of the random numbers", wholeNumber, 0)
    .option("--edits <file>", "an edits file: every prompt under each of its conditions")
    .option("--dictionary-format <id>", "the dictionaries' format, where two fit")
    .option("--json", "print NDJSON (the only form there is)");
  addCheckOption(addModelOptions(addInputOptions(command))).action((name: string, options: GenerateOptions) =>
    withApplication(options, resolve, async (application, signal) => {
      refuseSampling(options);
      const input = await readInput(options, resolve);
      const edits = await readEdits(options.edits === undefined ? undefined : resolve(options.edits));
      const model = await application.openModel(name, { signal });
      for (const warning of model.engine.model.warnings) say(`warning: ${warning}`);
      const sequences = await sequencesOf(input, options, model);
      const conditions = await conditionsOf(edits, model, sequences, options.maxNewTokens, options.dictionaryFormat);
      await refuseUntrusted(options, model, conditions, sequences, signal);
      sayContext(sequences, options.maxNewTokens, model);
      sayEnds(model);
      await generateAll(model, sequences, conditions, options, signal);
    }),
  );
}

function refuseSampling({ temperature, topP }: GenerateOptions): void {
  if (temperature < 0) throw refused(`--temperature: expected 0 or more, found ${temperature}`);
  if (!(topP > 0 && topP <= 1)) throw refused(`--top-p: expected more than 0 and at most 1, found ${topP}`);
  if (temperature === 0 && topP < 1)
    say("warning: --top-p changes nothing at temperature 0, where the likeliest token is chosen");
}

function sayContext(sequences: readonly number[][], most: number, { engine }: LoadedModel): void {
  const context = engine.model.contextLength;
  if (context === null) return;
  for (const [prompt, ids] of sequences.entries()) {
    if (ids.length + most > context) {
      say(
        `warning: prompt ${prompt} has ${ids.length} tokens: its lanes end at the model's context of ${context}, before ${most} new tokens`,
      );
    }
  }
}

/** Without an end token that the model can write, every lane goes on to its limit. */
function sayEnds({ engine }: LoadedModel): void {
  const { endTokens, vocabSize } = engine.model;
  if (endTokens.some((id) => id < vocabSize)) return;
  const found =
    endTokens.length === 0 ? "names none" : `names ${endTokens.join(", ")}, outside the vocabulary of ${vocabSize}`;
  say(`warning: no end token: the model's configuration ${found}, so every lane goes on to its limit`);
}

async function generateAll(
  model: LoadedModel,
  sequences: readonly number[][],
  conditions: readonly CompiledCondition[],
  options: GenerateOptions,
  signal: AbortSignal,
): Promise<void> {
  const { maxNewTokens, temperature, topP, seed } = options;
  const tokenizer = await tokenizerFor(model);
  const endTokens = model.engine.model.endTokens;
  const lanes = sequences.flatMap((ids, prompt) => conditions.map((condition, c) => ({ ids, prompt, condition, c })));
  const reports: EditReport[][][] = conditions.map(() => []);
  const progress = startProgress("generate", lanes.length * maxNewTokens, "tokens");
  for (let first = 0; first < lanes.length; first += AT_ONCE) {
    const part = lanes.slice(first, first + AT_ONCE);
    const written = part.map((): number[] => []);
    const print = (i: number, ids: readonly number[], finish: "stop" | "length"): void => {
      const lane = part[i];
      if (lane === undefined) return;
      const text = tokenizer?.decode(finish === "stop" ? ids.slice(0, -1) : ids) ?? "";
      const line = { prompt: lane.prompt, condition: lane.condition.name, promptIds: lane.ids, ids, text, finish };
      process.stdout.write(`${JSON.stringify(line)}\n`);
    };
    const request = {
      lanes: part.map(({ ids, condition }) => ({ ids, edits: condition.edits })),
      ...{ maxNewTokens, temperature, topP },
      seeds: part.map(({ prompt }) => laneSeed(seed, prompt)),
    };
    const onToken = (lane: number, id: number): void => {
      written[lane]?.push(id);
      progress.advance(1);
    };
    const result = await model.engine.generate(request, { signal, onToken }).catch((cause: unknown) => {
      // What was finished is kept, also of the lanes that ran beside unfinished ones.
      for (const [i, ids] of written.entries()) if (endTokens.includes(ids.at(-1) ?? -1)) print(i, ids, "stop");
      throw cause;
    });
    progress.advance(part.length * maxNewTokens - written.flat().length);
    for (const [i, { ids, finish, reports: own }] of result.lanes.entries()) {
      print(i, ids, finish);
      reports[part[i]?.c ?? -1]?.push(own);
    }
  }
  progress.stop();
  sayReports(conditions, reports);
}

/** Prompts have seeds of their own, and all conditions of a prompt the same, so that they differ by the edits alone. */
function laneSeed(seed: number, prompt: number): number {
  return (Math.imul(seed, 0x9e3779b1) + Math.imul(prompt + 1, 0x85ebca6b)) | 0;
}

/** Ids need no tokenizer; a model without one writes ids and an empty text. */
async function tokenizerFor(model: LoadedModel): Promise<ModelTokenizer | null> {
  try {
    return await model.tokenizer();
  } catch (error) {
    say(`warning: no text is written: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("expected a number.");
  return value;
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InvalidArgumentError("expected a whole number, 0 or more.");
  }
  return value;
}
