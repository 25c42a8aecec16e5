import type { MessageRole, Prompt, PromptDiagnostic, PromptMessage, SourceRange } from "./prompt.ts";
import { SourcedTextBuilder } from "./source-segments.ts";
import { describeValue, plainValue, type SourcedText, type SourcedValue } from "./sourced-value.ts";

// What published sets of prompts call the prompt, most explicit first.
const TEXT_KEYS = ["text", "prompt", "instruction", "question", "goal", "behavior", "content", "query", "input"];
const ROLES: readonly MessageRole[] = ["system", "user", "assistant", "tool"];

/** Collects what is wrong with a file. */
export type Report = (severity: PromptDiagnostic["severity"], message: string, range: SourceRange) => void;

/** The key under which a row has its text; the contract's `text` first, then the names that published sets use. */
export function textKeyOf(keys: readonly string[]): string | null {
  for (const wanted of TEXT_KEYS) {
    const key = keys.find((name) => name.trim().toLowerCase() === wanted);
    if (key !== undefined) return key;
  }
  return null;
}

/** Reads a row: a text, a list of messages, or an object with `text` or `messages` and fields. `null` where it holds no prompt. */
export function readRow(row: SourcedValue, report: Report): Prompt | null {
  if (row.kind === "text") return onePrompt([userMessage(row)], row.range, report);
  if (row.kind === "array") {
    const messages = readMessages(row, report);
    return messages === null ? null : onePrompt(messages, row.range, report);
  }
  if (row.kind === "other") {
    report(
      "error",
      `Expected a prompt (a text, a list of messages or an object), found ${describeValue(row)}.`,
      row.range,
    );
    return null;
  }
  const keys = row.entries.map(({ key }) => key);
  const given = row.entries.findLast(({ key }) => key === "messages");
  const textKey = textKeyOf(keys);
  const text = row.entries.findLast(({ key }) => key === textKey);
  if (given === undefined && text === undefined) {
    const found = keys.length === 0 ? "nothing" : keys.join(", ");
    report("error", `No "text" and no "messages" (found: ${found}).`, row.range);
    return null;
  }
  let messages: PromptMessage[] | null = null;
  if (given !== undefined) {
    if (text !== undefined && text.key === "text")
      report("warning", `Both "messages" and "text": the messages are used.`, text.keyRange);
    messages = readMessages(given.value, report);
  } else if (text !== undefined) {
    if (text.value.kind === "text") messages = [userMessage(text.value)];
    else report("error", `"${text.key}" is ${describeValue(text.value)}; expected a text.`, text.value.range);
  }
  if (messages === null) return null;
  const prompt = onePrompt(messages, row.range, report);
  if (prompt === null) return null;
  const used = new Set([given === undefined ? textKey : "messages", "id"]);
  for (const { key, value } of row.entries) {
    if (!used.has(key)) prompt.fields[key] = plainValue(value);
    else if (key === "id") prompt.id = readId(value, report);
  }
  return prompt;
}

function readId(value: SourcedValue, report: Report): string | null {
  if (value.kind === "text") return value.text;
  if (value.kind === "other") return value.value === null ? null : String(value.value);
  report("warning", `"id" is ${describeValue(value)}; expected a text or a number.`, value.range);
  return null;
}

function onePrompt(messages: PromptMessage[], range: SourceRange, report: Report): Prompt | null {
  if (messages.length === 0) {
    report("error", "No messages.", range);
    return null;
  }
  const half = messages.find(({ text }) => !text.isWellFormed());
  if (half !== undefined) {
    report("error", "The text holds half of a surrogate pair (an unpaired \\u escape), which is no character.", range);
    return null;
  }
  if (messages.every(({ text }) => text === "")) {
    report("error", "The prompt's text is empty.", range);
    return null;
  }
  return { id: null, messages, range, fields: {} };
}

function userMessage({ text, segments }: SourcedText): PromptMessage {
  return { role: "user", text, segments };
}

/** Reads a list of `{role, content}`; content may be a list of text parts. `null` where one of them is no message. */
export function readMessages(list: SourcedValue, report: Report): PromptMessage[] | null {
  if (list.kind !== "array") {
    report("error", `"messages" is ${describeValue(list)}; expected a list of {role, content}.`, list.range);
    return null;
  }
  const messages: PromptMessage[] = [];
  let whole = true;
  for (const item of list.items) {
    const message = readMessage(item, report);
    if (message === null) whole = false;
    else messages.push(message);
  }
  return whole ? messages : null;
}

function readMessage(item: SourcedValue, report: Report): PromptMessage | null {
  if (item.kind !== "object") {
    report("error", `A message is ${describeValue(item)}; expected {role, content}.`, item.range);
    return null;
  }
  const role = item.entries.findLast(({ key }) => key === "role")?.value;
  const content = item.entries.findLast(({ key }) => key === "content")?.value;
  const known = readRole(role, item.range, report);
  if (content === undefined) report("error", 'A message has no "content".', item.range);
  const text = content === undefined ? null : readContent(content, report);
  for (const { key, keyRange } of item.entries) {
    if (key !== "role" && key !== "content") report("warning", `"${key}" of a message is not used.`, keyRange);
  }
  return known === null || text === null ? null : { role: known, text: text.text, segments: text.segments };
}

function readRole(value: SourcedValue | undefined, range: SourceRange, report: Report): MessageRole | null {
  if (value === undefined) {
    report("error", 'A message has no "role".', range);
    return null;
  }
  const name = value.kind === "text" ? value.text : describeValue(value);
  const role = ROLES.find((known) => known === name);
  if (role !== undefined) return role;
  if (name === "developer") {
    report("warning", 'The role "developer" is given to the template as "system".', value.range);
    return "system";
  }
  report("error", `The role ${JSON.stringify(name)} is not known; expected ${ROLES.join(", ")}.`, value.range);
  return null;
}

function readContent(content: SourcedValue, report: Report): SourcedText | null {
  if (content.kind === "text") return content;
  if (content.kind !== "array") {
    report("error", `"content" is ${describeValue(content)}; expected a text.`, content.range);
    return null;
  }
  const builder = new SourcedTextBuilder();
  for (const part of content.items) {
    const text = part.kind === "object" ? part.entries.findLast(({ key }) => key === "text")?.value : part;
    if (text?.kind !== "text") {
      report("error", "A part of the content is no text: only text can be read.", part.range);
      return null;
    }
    builder.addSourced(text.text, text.segments);
  }
  return { ...builder.build(), range: content.range };
}
