import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { PromptFormat } from "../../shared/plugin/prompt-format.ts";
import { formatOf } from "../../shared/prompts/format-of.ts";
import { lineOf, lineStartsOf } from "../../shared/prompts/line-starts.ts";
import type { Prompt, PromptDiagnostic } from "../../shared/prompts/prompt.ts";

/** A prompt file, read. */
export interface PromptFile {
  path: string;
  prompts: Prompt[];
  /** For turning offsets into lines. */
  lineStarts: number[];
  /** What is worth saying and doesn't stop anything, each with the file, line and column. */
  warnings: string[];
}

const MOST_FAULTS = 5;

/** Reads a prompt file of any known kind; one with faults is refused with the place of each. */
export async function readPrompts(path: string, formats: readonly PromptFormat[]): Promise<PromptFile> {
  const format = formatOf(basename(path), formats);
  if (format === null) {
    const endings = formats.flatMap(({ endings: known }) => known).join(", ");
    throw refused(`${path}: not a prompt file by its name; known endings are ${endings}.`);
  }
  const text = await readUtf8(path);
  const lineStarts = lineStartsOf(text);
  const { prompts, diagnostics } = format.parse(text);
  const say = ({ message, range }: PromptDiagnostic) => {
    const { line, column } = lineOf(lineStarts, range.start);
    return `${path}:${line}:${column}: ${message}`;
  };
  const faults = diagnostics.filter(({ severity }) => severity === "error");
  if (faults.length > 0) {
    const more = faults.length > MOST_FAULTS ? `\n... and ${faults.length - MOST_FAULTS} more faults.` : "";
    throw refused(faults.slice(0, MOST_FAULTS).map(say).join("\n") + more);
  }
  return { path, prompts, lineStarts, warnings: diagnostics.map(say) };
}

/** Text of a file as an editor shows it: the mark of the encoding is taken off. */
async function readUtf8(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw refused(
      `${path}: the prompt file cannot be read (${cause instanceof Error ? cause.message : String(cause)}).`,
      cause,
    );
  }
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw refused(`${path}: the file is UTF-16; expected UTF-8. Save it as UTF-8.`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refused(`${path}: the file is not UTF-8; save it as UTF-8.`, cause);
  }
}
