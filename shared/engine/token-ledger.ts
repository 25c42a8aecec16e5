export type TokenRole = "system" | "user" | "assistant" | "tool" | "template";

/** One token that the model sees. */
export interface LedgerToken {
  id: number;
  /** The characters of the rendered text that the token holds; an added token's own name where it stands for none of them. */
  text: string;
  /** The vocabulary's own entry, as `tokenizer.json` writes it (`Ġhi`, `▁hi`, `<0xE4>`). */
  piece: string;
  /** UTF-16 offsets into the rendered text; tokens that share a character share its span or have an empty one. */
  start: number;
  end: number;
  role: TokenRole;
  /** As `tokenizer.json` says. */
  special: boolean;
  /** Where the token's text stands in the prompt file: 1-based line and column, and UTF-16 offsets into the file; absent for what the template wrote. */
  source?: { line: number; column: number; start: number; end: number };
}

/** The ids that the model sees, each with its text, place and role. */
export interface TokenLedger {
  ids: number[];
  tokens: LedgerToken[];
  /** The text after the chat template. */
  rendered: string;
  /** Hash of the chat template; `null` where none was applied. */
  templateHash: string | null;
  /** Index of the last token of the user's last message (where harmfulness is read); `null` without a user message. */
  lastInstruction: number | null;
  /** How many beginning-of-sequence tokens stand at the start; more than one is a fault that stops a run. */
  bosCount: number;
  warnings: string[];
}
