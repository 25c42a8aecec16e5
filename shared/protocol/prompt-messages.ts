import { z } from "zod";
import type { PromptMessage } from "../prompts/prompt.ts";

/** A prompt's messages as its file's parser yields them, with where their text stands in the file. */
export const promptSchema = z.object({
  messages: z.array(
    z.object({
      role: z.enum(["system", "user", "assistant", "tool"]),
      text: z.string(),
      segments: z.array(z.object({ start: z.int(), length: z.int(), source: z.int(), sourceLength: z.int() })),
    }) satisfies z.ZodType<PromptMessage>,
  ),
  /** Offsets at which the file's lines begin; segments point into that file. */
  lineStarts: z.array(z.int()),
});
