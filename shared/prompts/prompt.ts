/** Who speaks in a message. */
export type MessageRole = "system" | "user" | "assistant" | "tool";

/**
 * A stretch of a message's text and where it stands in the file, both in UTF-16 units.
 * Equal lengths mean unit for unit; otherwise (an escape, a folded line end) the stretch corresponds as a whole.
 */
export interface SourceSegment {
  /** Offset into the message's text. */
  start: number;
  length: number;
  /** Offset into the file. */
  source: number;
  sourceLength: number;
}

/** A place in a file: UTF-16 offsets, end exclusive. */
export interface SourceRange {
  start: number;
  end: number;
}

/** One message as the chat template will get it. */
export interface PromptMessage {
  role: MessageRole;
  text: string;
  /** Ascending by `start`; text that a segment doesn't cover does not stand in the file. */
  segments: SourceSegment[];
}

/** One prompt of a file. */
export interface Prompt {
  /** The file's own name for it; `null` where it gives none. */
  id: string | null;
  messages: PromptMessage[];
  /** The part of the file that is this prompt (where an editor puts its line of actions). */
  range: SourceRange;
  /** Everything else that the file says of it (category, split, base, conditions, label, ...), to filter on. */
  fields: Record<string, unknown>;
}

/** Something that is wrong or worth saying about a place in a prompt file; an error means that the prompt there cannot be used. */
export interface PromptDiagnostic {
  severity: "error" | "warning" | "information";
  message: string;
  range: SourceRange;
}

/** What a prompt file holds. Bad input ends in diagnostics, never in an exception. */
export interface ParsedPrompts {
  prompts: Prompt[];
  diagnostics: PromptDiagnostic[];
}
