import type { LedgerToken, TokenLedger, TokenRole } from "../../../shared/engine/token-ledger.ts";
import { RefractError, refused } from "../../../shared/errors.ts";
import { lineOf } from "../../../shared/prompts/line-starts.ts";
import type { MessageRole, PromptMessage } from "../../../shared/prompts/prompt.ts";
import { sourceOf } from "../../../shared/prompts/source-segments.ts";
import type { Encoder } from "./encode.ts";
import type { MessageMap } from "./locate-messages.ts";
import type { PlacedToken } from "./model-tokens.ts";
import type { RenderedPrompt } from "./rendered-prompt.ts";
import { textWarnings } from "./text-warnings.ts";

/** Makes the ledger: every id that the model sees, with its text, place, role and source. `lineStarts` are the prompt file's. */
export function makeLedger(
  encoder: Encoder,
  prompt: RenderedPrompt,
  lineStarts: readonly number[] | null,
): TokenLedger {
  if (!prompt.text.isWellFormed()) {
    throw refused("The text holds half of a surrogate pair, which is no character: no tokenizer can read it.");
  }
  const encoded = encoder.encode(prompt.text);
  const framed = prompt.templateHash === null;
  const before = framed ? encoder.frame.before.map((id) => frameToken(encoder, id, 0)) : [];
  const after = framed ? encoder.frame.after.map((id) => frameToken(encoder, id, prompt.text.length)) : [];
  const tokens: LedgerToken[] = [...before];
  let owner = -1;
  let lastInstruction: number | null = null;
  const lastUser = prompt.messages.findLastIndex(({ role }) => role === "user");
  for (const placed of encoded.tokens) {
    owner = ownerOf(placed, prompt, encoder.added.has(placed.id), owner);
    if (owner >= 0 && owner === lastUser) lastInstruction = tokens.length;
    tokens.push(ledgerToken(encoder, placed, prompt, owner, lineStarts));
  }
  tokens.push(...after);
  if (tokens.length === 0) throw new RefractError("refused", "The prompt has no tokens: its text is empty.");
  const ids = tokens.map(({ id }) => id);
  const bosCount = encoder.bos === null ? 0 : leading(ids, encoder.bos);
  return {
    ids,
    tokens,
    rendered: prompt.text,
    templateHash: prompt.templateHash,
    lastInstruction,
    bosCount,
    warnings: [...prompt.warnings, ...textWarnings({ encoder, encoded, prompt, tokens, bosCount, lineStarts })],
  };
}

function frameToken(encoder: Encoder, id: number, at: number): LedgerToken {
  const piece = encoder.model.vocab[id] ?? "";
  return {
    id,
    text: piece,
    piece,
    start: at,
    end: at,
    role: "template",
    special: encoder.added.get(id)?.special ?? false,
  };
}

/**
 * A token belongs to the message that its first visible character comes from; white space that a message and the template
 * share goes with its first character, and so does an added token, which may take in the white space around it.
 * A token without characters goes with the one before it.
 */
function ownerOf({ start, end }: PlacedToken, { text, map }: RenderedPrompt, added: boolean, previous: number): number {
  if (start === end) return previous >= 0 ? previous : (map.owner[start] ?? -1);
  if (added) return map.owner[start] ?? -1;
  for (let unit = start; unit < end; unit++) {
    const owner = map.owner[unit] ?? -1;
    if (owner >= 0 && !/\s/.test(text[unit] ?? "")) return owner;
  }
  return map.owner[start] ?? -1;
}

function ledgerToken(
  encoder: Encoder,
  { id, piece, start, end }: PlacedToken,
  prompt: RenderedPrompt,
  owner: number,
  lineStarts: readonly number[] | null,
): LedgerToken {
  const message = prompt.messages[owner];
  const role: TokenRole = message === undefined ? "template" : (message.role satisfies MessageRole);
  const token: LedgerToken = {
    id,
    text: prompt.text.slice(start, end),
    piece,
    start,
    end,
    role,
    special: encoder.added.get(id)?.special ?? false,
  };
  const source =
    message === undefined || lineStarts === null ? null : sourcePlace(prompt.map, message, owner, start, end);
  if (source !== null && lineStarts !== null) token.source = { ...lineOf(lineStarts, source.start), ...source };
  return token;
}

function sourcePlace(map: MessageMap, message: PromptMessage, owner: number, start: number, end: number) {
  let first = -1;
  let last = -1;
  for (let unit = start; unit < Math.max(end, start + 1); unit++) {
    if (map.owner[unit] !== owner) continue;
    const offset = map.offset[unit] ?? -1;
    if (first < 0) first = offset;
    last = offset;
  }
  if (first < 0) return null;
  const place = sourceOf(message.segments, first, last + 1);
  // A token without characters of its own stands where the next one begins.
  return place !== null && start === end ? { start: place.start, end: place.start } : place;
}

function leading(ids: readonly number[], id: number): number {
  const other = ids.findIndex((value) => value !== id);
  return other < 0 ? ids.length : other;
}
