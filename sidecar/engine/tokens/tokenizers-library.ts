import * as library from "@huggingface/tokenizers";

// The library's declarations import without file extensions, which this project's module resolution doesn't follow: its exports arrive
// untyped or not at all. What is used of it is typed here, and nowhere else.

/** The part that turns a piece of text into the vocabulary's entries. */
export interface Model {
  encode(pieces: string[]): string[];
  tokens_to_ids: Map<string, number>;
  vocab: (string | undefined)[];
  unk_token: string | undefined;
  unk_token_id: number | undefined;
}

interface LibraryDecoder {
  text_decoder?: InstanceType<typeof TextDecoder>;
  decoders?: LibraryDecoder[];
}

export interface LibraryTokenizer {
  model: Model;
  decoder: LibraryDecoder | null;
  decode(ids: number[], options: { skip_special_tokens: boolean; clean_up_tokenization_spaces: boolean }): string;
}

const Tokenizer: new (tokenizer: object, config: object) => LibraryTokenizer = Reflect.get(library, "Tokenizer");
const SplitPreTokenizer: new (config: object) => { pattern: RegExp | null } = Reflect.get(library, "SplitPreTokenizer");
const PrecompiledNormalizer: new (config: object) => { normalize(text: string): string } = Reflect.get(
  library,
  "PrecompiledNormalizer",
);

/** Reads the model and the decoder of a `tokenizer.json`; throws an Error that says what it doesn't know. */
export function openLibraryTokenizer(tokenizer: object, config: object): LibraryTokenizer {
  const opened = new Tokenizer(tokenizer, config);
  keepByteOrderMarks(opened.decoder);
  return opened;
}

/** The decoder of byte tokens takes U+FEFF for a mark of the encoding and swallows it; it is a character of the text. */
function keepByteOrderMarks(decoder: LibraryDecoder | null): void {
  if (decoder === null) return;
  if (decoder.text_decoder !== undefined) decoder.text_decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  for (const part of decoder.decoders ?? []) keepByteOrderMarks(part);
}

/** Compiles an Oniguruma pattern; `null` or an Error where it can't. */
export function compileOniguruma(regex: string): RegExp | null {
  return new SplitPreTokenizer({ type: "Split", pattern: { Regex: regex }, behavior: "Isolated", invert: false })
    .pattern;
}

/** SentencePiece's precompiled normalisation, as near as the library comes to it. */
export function precompiledNormaliser(config: object): (text: string) => string {
  const normaliser = new PrecompiledNormalizer(config);
  return (text) => normaliser.normalize(text);
}
