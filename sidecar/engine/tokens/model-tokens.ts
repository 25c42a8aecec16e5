import type { AlignedText } from "./aligned-text.ts";
import { byteLength } from "./byte-characters.ts";
import type { Model } from "./tokenizers-library.ts";

/** A token with its place in the original text. */
export interface PlacedToken {
  id: number;
  piece: string;
  start: number;
  end: number;
  /** It stands for text that the vocabulary lacks. */
  unknown: boolean;
}

/** What `tokenizer.json`'s `model` says of itself, as far as places depend on it. */
export interface ModelConfig {
  type?: string;
  byte_fallback?: boolean;
  fuse_unk?: boolean;
  continuing_subword_prefix?: string | null;
  end_of_word_suffix?: string | null;
}

const BYTE = /^<0x[0-9A-F]{2}>$/;
const encoder = new TextEncoder();

/**
 * Tokenises one piece and places its tokens: the model gives the tokens' texts, which are walked along the piece. Characters that the
 * model has no token for and leaves out lie between the places.
 */
export function placeTokens(model: Model, config: ModelConfig, piece: AlignedText): PlacedToken[] {
  const { text } = piece;
  const unigram = config.type === "Unigram";
  const placed: PlacedToken[] = [];
  let at = 0;
  const add = (id: number, name: string, length: number, unknown: boolean) => {
    const start = piece.starts[at] ?? piece.to;
    const end = length > 0 ? (piece.ends[at + length - 1] ?? piece.to) : start;
    placed.push({ id, piece: name, start, end, unknown });
    at += length;
  };
  const addUnknown = (length: number) => {
    const last = placed.at(-1);
    const fuse = unigram || config.fuse_unk === true;
    if (fuse && last?.unknown) {
      at += length;
      last.end = piece.ends[at - 1] ?? piece.to;
    } else if (model.unk_token_id !== undefined) {
      add(model.unk_token_id, model.unk_token ?? "", length, true);
    }
  };

  const tokens = model.encode([text]);
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i] ?? "";
    const surface = surfaceOf(token, at > 0, config);
    const id = model.tokens_to_ids.get(token);
    if (id !== undefined && surface.length > 0 && text.startsWith(surface, at) && token !== model.unk_token) {
      add(id, token, surface.length, false);
      continue;
    }
    const character = characterAt(text, at);
    if (id !== undefined && BYTE.test(token) && config.byte_fallback === true) {
      // The library has turned a character into byte tokens: the first holds the character, the others are empty after it.
      const count = byteLength(character);
      for (let k = 0; k < count; k++) {
        const name = tokens[i + k] ?? token;
        add(model.tokens_to_ids.get(name) ?? id, name, k === 0 ? character.length : 0, false);
        if (k === 0) continue;
        const last = placed.at(-1);
        if (last !== undefined) last.start = last.end = piece.ends[at - 1] ?? piece.to;
      }
      i += count - 1;
      continue;
    }
    if (unigram && token !== model.unk_token) {
      // Unknown text comes back as itself, character by character or fused.
      for (const unknown of token) {
        const bytes = config.byte_fallback === true ? byteTokens(model, unknown) : null;
        if (bytes === null) addUnknown(unknown.length);
        else {
          bytes.forEach(([byteId, name], k) => {
            add(byteId, name, k === 0 ? unknown.length : 0, false);
            const last = placed.at(-1);
            if (k > 0 && last !== undefined) last.start = last.end = piece.ends[at - 1] ?? piece.to;
          });
        }
      }
      continue;
    }
    if (token === model.unk_token) {
      addUnknown(config.type === "WordPiece" ? text.length - at : Math.max(1, character.length));
      continue;
    }
    // A model without an unknown token leaves characters out: go on where the token's text stands.
    const next = surface.length > 0 ? text.indexOf(surface, at) : -1;
    if (next < 0 || id === undefined) continue;
    at = next;
    add(id, token, surface.length, false);
  }
  return placed;
}

function surfaceOf(token: string, continues: boolean, config: ModelConfig): string {
  let surface = token;
  const prefix = config.continuing_subword_prefix;
  if (continues && config.type === "WordPiece" && prefix && surface.startsWith(prefix)) {
    surface = surface.slice(prefix.length);
  }
  const suffix = config.end_of_word_suffix;
  if (suffix && surface.endsWith(suffix)) surface = surface.slice(0, -suffix.length);
  return surface;
}

function characterAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? "" : String.fromCodePoint(code);
}

function byteTokens(model: Model, character: string): [number, string][] | null {
  const tokens: [number, string][] = [];
  for (const byte of encoder.encode(character)) {
    const name = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    const id = model.tokens_to_ids.get(name);
    if (id === undefined) return null;
    tokens.push([id, name]);
  }
  return tokens;
}
