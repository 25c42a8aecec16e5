import { createHash } from "node:crypto";
import { RefractError, refused } from "../../../shared/errors.ts";
import { type AddedToken, compileAddedTokens, type FindAddedTokens } from "./added-tokens.ts";
import { type AlignedText, identity } from "./aligned-text.ts";
import { type ModelConfig, type PlacedToken, placeTokens } from "./model-tokens.ts";
import { compileNormaliser, type Normalise } from "./normalise.ts";
import { type Frame, frameOf } from "./post-process.ts";
import { compilePreTokeniser, type PreTokenise } from "./pre-tokenise.ts";
import type { TokenizerFiles } from "./tokenizer-files.ts";
import { type LibraryTokenizer, type Model, openLibraryTokenizer } from "./tokenizers-library.ts";

/** A stretch of text, UTF-16 offsets. */
export interface Span {
  start: number;
  end: number;
}

export interface Encoded {
  tokens: PlacedToken[];
  /** Characters that the tokenizer reads as others (normalised), and those that no token holds. */
  changed: Span[];
  dropped: Span[];
}

/** A tokenizer compiled for encoding with places. */
export interface Encoder {
  library: LibraryTokenizer;
  model: Model;
  added: Map<number, AddedToken>;
  frame: Frame;
  bos: number | null;
  /** Encodes a text as it is: added tokens are recognised in it, and nothing is set around it. */
  encode(text: string): Encoded;
}

/** Compiles the pipeline that `tokenizer.json` describes: added tokens, normaliser, pre-tokenizer, model, frame. */
export function compileEncoder(files: TokenizerFiles): Encoder {
  const { file, tokenizer, config, specialTokens } = files;
  const library = openLibrary(files);
  const { model } = library;
  const normalise = compileNormaliser(tokenizer.normalizer, file);
  const preTokenise = compilePreTokeniser(tokenizer.pre_tokenizer, file);
  const plain = tokenizer.added_tokens.filter((token) => !token.normalized);
  const normalised = tokenizer.added_tokens.filter((token) => token.normalized);
  const findPlain = compileAddedTokens(plain, (token) => token.content);
  const findNormalised = compileAddedTokens(
    normalised,
    (token) => normalise(identity(token.content, 0, token.content.length)).text,
  );
  const idOf = (name: string | undefined) => (name === undefined ? null : (model.tokens_to_ids.get(name) ?? null));
  const bos = idOf(specialTokens.bos_token);
  const frame = frameOf(
    tokenizer.post_processor,
    {
      add_bos_token: config.add_bos_token,
      add_eos_token: config.add_eos_token,
      bos,
      eos: idOf(specialTokens.eos_token),
    },
    file,
  );
  return {
    library,
    model,
    added: new Map(tokenizer.added_tokens.map((token) => [token.id, token])),
    frame,
    bos,
    encode: (text) =>
      encode(text, { model, config: tokenizer.model, findPlain, findNormalised, normalise, preTokenise }),
  };
}

function openLibrary({ file, tokenizer, config }: TokenizerFiles): LibraryTokenizer {
  try {
    // What surrounds the model is compiled here, with places; the library reads the model and the decoder.
    return openLibraryTokenizer({ ...tokenizer, normalizer: null, pre_tokenizer: null, post_processor: null }, config);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw refused(`${file}: the tokenizer cannot be read (${reason}).`, cause);
  }
}

interface Pipeline {
  model: Model;
  config: ModelConfig;
  findPlain: FindAddedTokens;
  findNormalised: FindAddedTokens;
  normalise: Normalise;
  preTokenise: PreTokenise;
}

function encode(text: string, pipeline: Pipeline): Encoded {
  const tokens: PlacedToken[] = [];
  const changed: Span[] = [];
  const addAdded = (section: AlignedText, { id, content }: AddedToken) =>
    tokens.push({ id, piece: content, start: section.from, end: section.to, unknown: false });
  for (const outer of pipeline.findPlain(identity(text, 0, text.length))) {
    if (outer.token !== null) {
      addAdded(outer.text, outer.token);
      continue;
    }
    const normalised = pipeline.normalise(outer.text);
    collectChanges(text, normalised, changed);
    for (const { text: section, token } of pipeline.findNormalised(normalised)) {
      if (token !== null) {
        addAdded(section, token);
        continue;
      }
      for (const piece of pipeline.preTokenise(section)) {
        if (piece.text === "") continue;
        // One by one: a piece of a SentencePiece model may be the whole text, with more tokens than a call takes arguments.
        for (const token of placeTokens(pipeline.model, pipeline.config, piece)) tokens.push(token);
      }
    }
  }
  return { tokens, changed, dropped: gaps(tokens, text) };
}

/** Characters that the normaliser turned into others; a space written as a mark is the same space. */
function collectChanges(original: string, normalised: AlignedText, changed: Span[]): void {
  const { text, starts, ends } = normalised;
  for (let unit = 0; unit < text.length; unit++) {
    const start = starts[unit] ?? 0;
    const end = ends[unit] ?? 0;
    if (start === end) continue;
    const was = original.slice(start, end);
    if (was !== text[unit] && !(was === " " && text[unit] === "▁")) changed.push({ start, end });
  }
}

/** What lies between the tokens; tokens that overlap would be a fault of this code, and stop here. */
function gaps(tokens: readonly PlacedToken[], text: string): Span[] {
  const found: Span[] = [];
  let read = 0;
  for (const { start, end, piece } of tokens) {
    if (start < read || end < start) {
      const digest = createHash("sha256").update(text).digest("hex").slice(0, 12);
      throw new RefractError(
        "failed",
        `The token ${JSON.stringify(piece)} at ${start}..${end} overlaps the one before it, which ends at ${read} (text ${digest}): its place cannot be shown.`,
      );
    }
    if (start > read) found.push({ start: read, end: start });
    read = Math.max(read, end);
  }
  if (read < text.length) found.push({ start: read, end: text.length });
  return found;
}
