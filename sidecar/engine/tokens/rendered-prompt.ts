import type { PromptMessage } from "../../../shared/prompts/prompt.ts";
import type { MessageMap } from "./locate-messages.ts";

/** A conversation after its template, or a plain text. */
export interface RenderedPrompt {
  text: string;
  messages: readonly PromptMessage[];
  map: MessageMap;
  /** `null` where no template was applied: then the tokenizer's own frame is set around the text. */
  templateHash: string | null;
  warnings: readonly string[];
}
