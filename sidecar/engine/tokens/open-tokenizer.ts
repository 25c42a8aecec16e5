import type { TokenLedger } from "../../../shared/engine/token-ledger.ts";
import { refused } from "../../../shared/errors.ts";
import type { PromptMessage } from "../../../shared/prompts/prompt.ts";
import { type ChatTemplate, compileChatTemplate, type RenderOptions } from "./chat-template.ts";
import { compileEncoder, type Encoder } from "./encode.ts";
import { makeLedger } from "./ledger.ts";
import { locateMessages } from "./locate-messages.ts";
import type { RenderedPrompt } from "./rendered-prompt.ts";
import { templateWarnings } from "./template-warnings.ts";
import { streamText, type TextStream } from "./text-stream.ts";
import { readTokenizerFiles, type TokenizerFiles } from "./tokenizer-files.ts";

export interface LedgerOptions {
  /** Applies no template: the conversation must be one message, and the tokenizer's own frame (BOS) is set around it. */
  raw?: boolean;
  /** Name of the chat template where the model has several; `default` otherwise. */
  template?: string;
  /** What the template's `strftime_now` gives; now, unless a run repeats an earlier one. */
  date?: Date;
  /** Further variables of the template (`enable_thinking`, ...). */
  variables?: Record<string, unknown>;
  /** Line starts of the prompt file that the messages' segments point into; without them tokens carry no source. */
  lineStarts?: readonly number[];
}

/** A model's tokenizer and chat templates. */
export interface ModelTokenizer {
  /** Names of the chat templates; empty for a model without. */
  readonly templateNames: readonly string[];
  /** Hash of the template that is used unless another is named; `null` without one. */
  readonly templateHash: string | null;
  /** Entries of the vocabulary, added tokens included. */
  readonly vocabSize: number;
  /**
   * The ids that the model sees for a conversation, each with text, place, role and source.
   * Refused: no template without `raw`, a template that refuses the messages, several templates of which none is the default.
   */
  ledger(messages: readonly PromptMessage[], options?: LedgerOptions): TokenLedger;
  /** Ids of a text as it is: no template, nothing set around it. */
  ids(text: string): number[];
  /** The vocabulary's own entry of an id; `null` where it has none. */
  piece(id: number): string | null;
  isSpecial(id: number): boolean;
  /** Text of ids; special tokens are left out unless asked for. */
  decode(ids: readonly number[], options?: { special?: boolean }): string;
  /** Decodes ids as they come. */
  stream(options?: { special?: boolean }): TextStream;
}

/** Opens the tokenizer of a model: its folder, or one of its `.onnx` files. Refuses by name what is missing, torn or unknown. */
export async function openTokenizer(model: string): Promise<ModelTokenizer> {
  const files = await readTokenizerFiles(model);
  const encoder = compileEncoder(files);
  const compiled = new Map<string, ChatTemplate>();
  const templateOf = (name: string): ChatTemplate => {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    const entry = files.templates.get(name);
    if (entry === undefined) throw noSuchTemplate(files, name);
    const template = compileChatTemplate(entry.source, entry.file, files.specialTokens);
    compiled.set(name, template);
    return template;
  };
  const decode = (ids: readonly number[], special: boolean): string => {
    if (ids.length === 0) return "";
    return encoder.library.decode([...ids], {
      skip_special_tokens: !special,
      // transformers cleans only what isn't byte-pair encoded, and only where the model's files say so.
      clean_up_tokenization_spaces:
        files.config.clean_up_tokenization_spaces === true && files.tokenizer.model.type !== "BPE",
    });
  };
  return {
    templateNames: [...files.templates.keys()],
    templateHash: files.templates.has("default") ? templateOf("default").hash : null,
    vocabSize: encoder.model.vocab.length,
    ledger(messages, options = {}) {
      const prompt =
        options.raw === true ? plainPrompt(messages) : renderPrompt(messages, options, files, templateOf, encoder);
      return makeLedger(encoder, prompt, options.lineStarts ?? null);
    },
    ids: (text) => encoder.encode(text).tokens.map(({ id }) => id),
    piece: (id) => encoder.model.vocab[id] ?? null,
    isSpecial: (id) => encoder.added.get(id)?.special ?? false,
    decode: (ids, options) => decode(ids, options?.special === true),
    stream: (options) => streamText((ids) => decode(ids, options?.special === true)),
  };
}

/** A message made of a text that stands in no file. */
export function userMessage(text: string): PromptMessage {
  return { role: "user", text, segments: [] };
}

function noSuchTemplate(files: TokenizerFiles, name: string): Error {
  const names = [...files.templates.keys()].sort();
  if (names.length === 0) {
    return refused(
      `${files.file}: the model has no chat template (no chat_template.jinja, none in tokenizer_config.json). It may be a base model: use --raw to give it the text as it is.`,
    );
  }
  return name === "default"
    ? refused(
        `${files.file}: the model has several chat templates and none is named "default": ${names.join(", ")}. Choose one with --template NAME.`,
      )
    : refused(`${files.file}: no chat template is named ${JSON.stringify(name)}; there are: ${names.join(", ")}.`);
}

function plainPrompt(messages: readonly PromptMessage[]): RenderedPrompt {
  const [only] = messages;
  if (only === undefined || messages.length > 1) {
    throw refused(
      `Without a template a prompt is one text, and this one has ${messages.length} messages: leave --raw out, or keep one message.`,
    );
  }
  const length = only.text.length;
  return {
    text: only.text,
    messages,
    map: {
      owner: new Int32Array(length),
      offset: Int32Array.from({ length }, (_, index) => index),
      dropped: [],
      lost: [],
      trimmed: [],
    },
    templateHash: null,
    warnings: [],
  };
}

function renderPrompt(
  messages: readonly PromptMessage[],
  options: LedgerOptions,
  files: TokenizerFiles,
  templateOf: (name: string) => ChatTemplate,
  encoder: Encoder,
): RenderedPrompt {
  if (messages.length === 0) throw refused("The prompt has no messages.");
  const name = options.template ?? "default";
  const template = templateOf(name);
  const renderOptions: RenderOptions = {
    addGenerationPrompt: true,
    date: options.date ?? new Date(),
    variables: options.variables ?? {},
  };
  const render = (contents: readonly string[]) =>
    template.render(
      messages.map(({ role }, index) => ({ role, content: contents[index] ?? "" })),
      renderOptions,
    );
  const contents = messages.map(({ text }) => text);
  const { text, dated } = render(contents);
  const map = locateMessages(contents, text, (marked) => render(marked).text);
  const warnings = templateWarnings({
    name,
    files,
    template,
    messages,
    text,
    map,
    dated,
    options: renderOptions,
    encoder,
  });
  return { text, messages, map, templateHash: template.hash, warnings };
}
