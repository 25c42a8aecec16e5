import type { LedgerToken } from "../../../shared/engine/token-ledger.ts";
import { lineOf } from "../../../shared/prompts/line-starts.ts";
import type { Encoded, Encoder, Span } from "./encode.ts";
import type { RenderedPrompt } from "./rendered-prompt.ts";

interface Read {
  encoder: Encoder;
  encoded: Encoded;
  prompt: RenderedPrompt;
  tokens: readonly LedgerToken[];
  bosCount: number;
  lineStarts: readonly number[] | null;
}

const MOST_NAMED = 5;

/** What the model does not see as the user wrote it, in words. */
export function textWarnings(read: Read): string[] {
  return [
    ...controlMarks(read),
    ...bos(read),
    ...byteOrderMark(read),
    ...changed(read),
    ...dropped(read),
    ...unknown(read),
  ];
}

function controlMarks({ prompt, tokens, lineStarts }: Read): string[] {
  const marks = tokens.filter(({ special, role, start, end }) => special && role !== "template" && end > start);
  if (marks.length === 0) return [];
  const named = marks.slice(0, MOST_NAMED).map((token) => {
    if (token.source !== undefined) return `${token.piece} at line ${token.source.line}, column ${token.source.column}`;
    const offset = prompt.map.offset[token.start] ?? 0;
    return `${token.piece} at ${placeIn(prompt.messages[prompt.map.owner[token.start] ?? -1]?.text ?? "", offset)}`;
  });
  const more = marks.length > named.length ? `, and ${marks.length - named.length} more` : "";
  const file = lineStarts === null ? "" : " of the prompt file";
  const roles = [...new Set(marks.map(({ role }) => role))].join(" and ");
  return [
    `The ${roles} text contains control marks, which the model reads as control tokens and not as text: ${named.join(", ")}${more}${file}.`,
  ];
}

function placeIn(text: string, offset: number): string {
  const line = text.slice(0, offset).split("\n").length;
  const column = offset - text.lastIndexOf("\n", offset - 1);
  return `line ${line}, column ${column}`;
}

function bos({ encoder, prompt, tokens, bosCount }: Read): string[] {
  if (encoder.bos === null) return [];
  const name = encoder.model.vocab[encoder.bos] ?? String(encoder.bos);
  if (bosCount > 1) {
    const from =
      prompt.templateHash === null
        ? "the text begins with one and the tokenizer adds its own"
        : "the template or the text writes more than one";
    return [`Doubled BOS: the prompt begins with ${bosCount} times ${name}; ${from}.`];
  }
  if (prompt.templateHash !== null && encoder.frame.before.includes(encoder.bos) && tokens[0]?.id !== encoder.bos) {
    return [
      `The chat template writes no ${name} at the start, which the tokenizer sets before a plain text; as transformers does, none is added.`,
    ];
  }
  return [];
}

function byteOrderMark({ prompt, lineStarts }: Read): string[] {
  const at = prompt.text.indexOf("\uFEFF");
  if (at < 0) return [];
  return [
    `The text contains a byte order mark (U+FEFF) at ${placeOf(prompt, at, lineStarts)}, which the model sees as a token.`,
  ];
}

function changed({ encoded, prompt }: Read): string[] {
  if (encoded.changed.length === 0) return [];
  const first = encoded.changed[0] ?? { start: 0, end: 0 };
  const text = JSON.stringify(prompt.text.slice(first.start, first.end));
  return [
    `The tokenizer's normaliser changes ${count(encoded.changed.length, "character")} before the model reads the text, ${text} at ${first.start} first.`,
  ];
}

function dropped({ encoded, prompt, lineStarts }: Read): string[] {
  const lost = encoded.dropped.filter(({ start, end }) => end > start);
  if (lost.length === 0) return [];
  const total = lost.reduce((sum, { start, end }) => sum + end - start, 0);
  const visible = lost.filter(({ start, end }) => prompt.text.slice(start, end).trim() !== "");
  const first: Span | undefined = visible[0] ?? lost[0];
  if (first === undefined) return [];
  const text = JSON.stringify(prompt.text.slice(first.start, Math.min(first.end, first.start + 20)));
  const kind = visible.length === 0 ? " (white space)" : "";
  return [
    `The tokenizer leaves out ${count(total, "character")}${kind}, which the model does not see: ${text} at ${placeOf(prompt, first.start, lineStarts)} first.`,
  ];
}

function unknown({ encoder, encoded, prompt, lineStarts }: Read): string[] {
  const tokens = encoded.tokens.filter((token) => token.unknown);
  const first = tokens[0];
  if (first === undefined) return [];
  const text = JSON.stringify(prompt.text.slice(first.start, Math.min(first.end, first.start + 20)));
  return [
    `The vocabulary has no token for some of the text, and the model sees ${encoder.model.unk_token ?? "an unknown token"} ${count(tokens.length, "time")}: ${text} at ${placeOf(prompt, first.start, lineStarts)} first.`,
  ];
}

function placeOf(prompt: RenderedPrompt, unit: number, lineStarts: readonly number[] | null): string {
  const owner = prompt.map.owner[unit] ?? -1;
  const message = prompt.messages[owner];
  if (message === undefined) return `character ${unit} of the rendered text`;
  const offset = prompt.map.offset[unit] ?? 0;
  const segment = message.segments.find(({ start, length }) => offset >= start && offset < start + length);
  if (lineStarts === null || segment === undefined) return placeIn(message.text, offset);
  const { line, column } = lineOf(
    lineStarts,
    segment.source + (segment.length === segment.sourceLength ? offset - segment.start : 0),
  );
  return `line ${line}, column ${column}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
