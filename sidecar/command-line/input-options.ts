import { readFile } from "node:fs/promises";
import { type Command, InvalidArgumentError } from "commander";
import type { ModelDescription } from "../../shared/engine/model-description.ts";
import { refused } from "../../shared/errors.ts";
import { promptFormats } from "../../shared/prompts/built-in-formats.ts";
import type { PromptMessage } from "../../shared/prompts/prompt.ts";
import type { LoadedModel } from "../application/application.ts";
import { readPrompts } from "../application/read-prompts.ts";
import { userMessage } from "../engine/tokens/open-tokenizer.ts";
import { refuseDoubledBos } from "../engine/tokens/refuse-doubled-bos.ts";
import { say } from "./model-options.ts";

/** A conversation that becomes one sequence; `lineStarts` of the file that its segments point into. */
interface Conversation {
  messages: PromptMessage[];
  lineStarts?: readonly number[];
}

/** INPUT of `capture` and `generate`. */
export interface InputOptions {
  ids?: number[][];
  idsFile?: string;
  text?: string[];
  prompts?: string;
  raw?: boolean;
  template?: string;
}

export function addInputOptions(command: Command): Command {
  return command
    .option("--ids <list>", "token ids as 5,6,7, given to the model exactly as they are; repeatable", idList)
    .option("--ids-file <file>", "a JSON list of lists of token ids")
    .option("--text <text>", "one user message; repeatable", (text: string, before: string[] = []) => [...before, text])
    .option("--prompts <file>", "a prompt file")
    .option("--raw", "no chat template: the text as it is")
    .option("--template <name>", "which chat template, where the model has several");
}

function idList(text: string, before: number[][] = []): number[][] {
  const parts = text.split(",").map((part) => part.trim());
  if (!parts.every((part) => /^\d+$/.test(part))) {
    throw new InvalidArgumentError("expected whole numbers with commas between, as 5,6,7.");
  }
  return [...before, parts.map(Number)];
}

/** Reads what needs no model: refuses bad input before a model is opened. Ids, or conversations that the tokenizer turns into ids. */
export async function readInput(
  options: InputOptions,
  resolve: (path: string) => string,
): Promise<{ ids: number[][] } | { conversations: Conversation[] }> {
  const given = (["ids", "idsFile", "text", "prompts"] as const).filter((name) => options[name] !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? "none of them" : given.map((name) => OPTION_NAMES[name]).join(" and ");
    throw refused(`one kind of input is needed, --ids, --ids-file, --text or --prompts; found ${found}`);
  }
  if (options.ids !== undefined) return { ids: options.ids };
  if (options.idsFile !== undefined) return { ids: await readIdsFile(resolve(options.idsFile)) };
  if (options.text !== undefined)
    return { conversations: options.text.map((text) => ({ messages: [userMessage(text)] })) };
  const { prompts, path, lineStarts, warnings } = await readPrompts(
    resolve(options.prompts ?? ""),
    promptFormats.prompts ?? [],
  );
  for (const warning of warnings) say(warning);
  if (prompts.length === 0) throw refused(`${path}: holds no prompts`);
  return { conversations: prompts.map(({ messages }) => ({ messages, lineStarts })) };
}

const OPTION_NAMES = { ids: "--ids", idsFile: "--ids-file", text: "--text", prompts: "--prompts" };

async function readIdsFile(path: string): Promise<number[][]> {
  const text = await readFile(path, "utf8").catch((cause: Error) => {
    throw refused(`${path}: cannot be read (${cause.message})`, cause);
  });
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw refused(`${path}: is not JSON: ${(cause as Error).message}`, cause);
  }
  if (!Array.isArray(json) || json.length === 0) throw refused(`${path}: expected a list of lists of token ids`);
  return json.map((list, index) => {
    if (!Array.isArray(list) || !list.every((id) => Number.isSafeInteger(id))) {
      throw refused(`${path}: entry ${index}: expected a list of whole numbers`);
    }
    return list as number[];
  });
}

/** The sequences that the model will see; refuses what it cannot take, naming both numbers. What the ledger warns of goes to stderr. */
export async function sequencesOf(
  input: Awaited<ReturnType<typeof readInput>>,
  options: InputOptions,
  model: LoadedModel,
): Promise<number[][]> {
  const sequences = "ids" in input ? input.ids : await tokenized(input.conversations, options, model);
  for (const [index, ids] of sequences.entries()) refuseSequence(ids, index, model.engine.model);
  return sequences;
}

async function tokenized(
  conversations: readonly Conversation[],
  { raw, template }: InputOptions,
  model: LoadedModel,
): Promise<number[][]> {
  const tokenizer = await model.tokenizer();
  const said = new Set<string>();
  return conversations.map(({ messages, lineStarts }, index) => {
    const ledger = tokenizer.ledger(messages, {
      raw: raw === true,
      ...(template === undefined ? {} : { template }),
      ...(lineStarts === undefined ? {} : { lineStarts }),
    });
    refuseDoubledBos(ledger, `sequence ${index}: the prompt`);
    for (const warning of ledger.warnings) {
      if (said.has(warning)) continue;
      said.add(warning);
      say(conversations.length === 1 ? warning : `prompt ${index}: ${warning}`);
    }
    return ledger.ids;
  });
}

function refuseSequence(ids: readonly number[], index: number, model: ModelDescription): void {
  if (ids.length === 0) throw refused(`sequence ${index} has no tokens`);
  const outside = ids.findIndex((id) => id < 0 || id >= model.vocabSize);
  if (outside >= 0) {
    throw refused(
      `sequence ${index}: id ${ids[outside]} at position ${outside} is outside the vocabulary, expected 0 to ${model.vocabSize - 1}`,
    );
  }
  if (model.contextLength !== null && ids.length > model.contextLength) {
    throw refused(
      `sequence ${index}: the prompt has ${ids.length} tokens, more than the model's context of ${model.contextLength}`,
    );
  }
}
