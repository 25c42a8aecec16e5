import { type Command, InvalidArgumentError, Option } from "commander";
import type { TokenLedger } from "../../shared/engine/token-ledger.ts";
import { refused } from "../../shared/errors.ts";
import { promptFormats } from "../../shared/prompts/built-in-formats.ts";
import { modelPath } from "../application/model-path.ts";
import { readPrompts } from "../application/read-prompts.ts";
import { type LedgerOptions, openTokenizer, userMessage } from "../engine/tokens/open-tokenizer.ts";

interface TokenizeOptions {
  text?: string;
  prompt?: string;
  index: number;
  raw?: boolean;
  template?: string;
  templateOption: Record<string, unknown>;
  date?: Date;
}

/** `refract tokenize`: the ids that the model sees. `resolve` makes a path relative to where the user called. */
export function addTokenizeCommand(program: Command, resolve: (path: string) => string): void {
  program
    .command("tokenize")
    .description("Show the ids that the model sees for a text or a prompt file, each with its text, place and role.")
    .argument("<model>", "the model's folder, an .onnx file, or demo")
    .option("--text <text>", "one user message")
    .option("--prompt <file>", "a prompt file")
    .option("--index <n>", "which prompt of the file, from 0", wholeNumber, 0)
    .option("--raw", "no chat template: the text as it is")
    .option("--template <name>", "which chat template, where the model has several")
    .addOption(
      new Option(
        "--template-option <name=value>",
        "a variable of the chat template (JSON or text), as enable_thinking=false",
      )
        .argParser(templateOption)
        .default({}, "none"),
    )
    .option("--date <day>", "the day that a template may write, as 2026-01-31; default today", day)
    .option("--json", "print JSON (the only form there is)")
    .action(async (model: string, options: TokenizeOptions) => {
      const ledger = await tokenize(modelPath(model, resolve), options, resolve);
      process.stdout.write(`${JSON.stringify(ledger)}\n`);
    });
}

async function tokenize(
  model: string,
  options: TokenizeOptions,
  resolve: (path: string) => string,
): Promise<TokenLedger> {
  const { text, prompt: file } = options;
  if ((text === undefined) === (file === undefined))
    throw refused("tokenize needs either --text or --prompt, and not both.");
  const ledgerOptions: LedgerOptions = { raw: options.raw === true, variables: options.templateOption };
  if (options.template !== undefined) ledgerOptions.template = options.template;
  if (options.date !== undefined) ledgerOptions.date = options.date;
  if (file === undefined) {
    const tokenizer = await openTokenizer(model);
    return tokenizer.ledger([userMessage(text ?? "")], ledgerOptions);
  }
  const { path, prompts, lineStarts, warnings } = await readPrompts(resolve(file), promptFormats.prompts ?? []);
  const chosen = prompts[options.index];
  if (chosen === undefined) {
    throw refused(`${path}: there is no prompt ${options.index}; the file holds ${prompts.length}, counted from 0.`);
  }
  const tokenizer = await openTokenizer(model);
  const ledger = tokenizer.ledger(chosen.messages, { ...ledgerOptions, lineStarts });
  const many =
    prompts.length > 1
      ? [`${path} holds ${prompts.length} prompts; this is number ${options.index} (--index N for others).`]
      : [];
  return { ...ledger, warnings: [...warnings, ...many, ...ledger.warnings] };
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("expected a whole number, 0 or more.");
  return value;
}

function day(text: string): Date {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  const date =
    parts === null ? new Date(Number.NaN) : new Date(Number(parts[1]), Number(parts[2]) - 1, Number(parts[3]));
  if (Number.isNaN(date.getTime())) throw new InvalidArgumentError("expected a day as 2026-01-31.");
  return date;
}

function templateOption(text: string, before: Record<string, unknown>): Record<string, unknown> {
  const [name, ...rest] = text.split("=");
  if (name === undefined || name === "" || rest.length === 0) throw new InvalidArgumentError("expected name=value.");
  const value = rest.join("=");
  return { ...before, [name]: asJson(value) };
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: a text, as it is.
    return text;
  }
}
