import { type AlignedText, slice } from "./aligned-text.ts";

/** An entry of `tokenizer.json`'s `added_tokens`. */
export interface AddedToken {
  id: number;
  content: string;
  special: boolean;
  single_word: boolean;
  lstrip: boolean;
  rstrip: boolean;
  normalized: boolean;
}

/** A stretch of text that is an added token, or text between them. */
export interface Section {
  text: AlignedText;
  token: AddedToken | null;
}

/** Finds added tokens in a text: leftmost first, the longest of those that start at one place. */
export type FindAddedTokens = (section: AlignedText) => Section[];

const WORD_BEFORE = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]$/u;
const WORD_AFTER = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}]/u;
const LEADING_SPACE = /^\p{White_Space}+/u;
const TRAILING_SPACE = /\p{White_Space}+$/u;

/** `contentOf` gives what a token looks like in the text that will be searched (normalised or not). */
export function compileAddedTokens(
  tokens: readonly AddedToken[],
  contentOf: (token: AddedToken) => string,
): FindAddedTokens {
  // By first unit, longest first: big vocabularies add thousands of tokens that start alike, but few texts hold that start.
  const byFirst = new Map<string, { content: string; token: AddedToken }[]>();
  for (const token of tokens) {
    const content = contentOf(token);
    const first = content[0];
    if (first === undefined) continue;
    const others = byFirst.get(first) ?? [];
    others.push({ content, token });
    byFirst.set(first, others);
  }
  for (const entries of byFirst.values()) entries.sort((a, b) => b.content.length - a.content.length);
  if (byFirst.size === 0) return (section) => [{ text: section, token: null }];

  return (section) => {
    const { text } = section;
    const found: Section[] = [];
    let read = 0;
    for (let at = 0; at < text.length; ) {
      const entry = byFirst.get(text[at] ?? "")?.find(({ content }) => text.startsWith(content, at));
      if (entry === undefined) {
        at++;
        continue;
      }
      let from = at;
      let to = at + entry.content.length;
      at = to;
      const { token } = entry;
      if (
        token.single_word &&
        (WORD_BEFORE.test(text.slice(Math.max(0, from - 2), from)) || WORD_AFTER.test(text.slice(to, to + 2)))
      ) {
        continue;
      }
      if (token.lstrip) from -= TRAILING_SPACE.exec(text.slice(read, from))?.[0].length ?? 0;
      if (token.rstrip) to += LEADING_SPACE.exec(text.slice(to))?.[0].length ?? 0;
      if (from > read) found.push({ text: slice(section, read, from), token: null });
      found.push({ text: slice(section, from, to), token });
      read = to;
      at = Math.max(at, to);
    }
    if (read < text.length) found.push({ text: slice(section, read, text.length), token: null });
    return found;
  };
}
