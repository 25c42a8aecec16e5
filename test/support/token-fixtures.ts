import { cp, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { MessageRole, PromptMessage } from "../../shared/prompts/prompt.ts";

/** Tokenizers, templates and what transformers makes of them; made by test/reference/tokens/make.py. */
export const TOKEN_FIXTURES = join(import.meta.dirname, "..", "fixtures", "tokens");

/** Reads a JSON fixture; its shape is the caller's to know. */
export async function readFixture<T>(...path: string[]): Promise<T> {
  return JSON.parse(await readFile(join(TOKEN_FIXTURES, ...path), "utf8")) as T;
}

/** A model's folder in a temporary place: a fixture's tokenizer, with a chat template and changes of tokenizer_config.json. */
export async function modelFolder(
  tokenizer: string,
  options: { jinja?: string; config?: Record<string, unknown> } = {},
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "refract-tokens-"));
  await cp(join(TOKEN_FIXTURES, tokenizer), folder, { recursive: true });
  const file = join(folder, "tokenizer_config.json");
  const config = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...config, ...options.config }));
  if (options.jinja !== undefined) await writeFile(join(folder, "chat_template.jinja"), options.jinja);
  return folder;
}

/** A message that stands in a file as it is, from its first character on. */
export function message(role: MessageRole, text: string): PromptMessage {
  return { role, text, segments: [{ start: 0, length: text.length, source: 0, sourceLength: text.length }] };
}
