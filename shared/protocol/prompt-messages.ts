import { z } from "zod";

/**
 * A prompt as its file's parser yields it. `pieces` says which part of a message's content stands where in the file (UTF-16 offsets into
 * both); content that stands nowhere in the file has no piece.
 */
export const promptSchema = z.object({
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.string(),
      pieces: z.array(
        z.object({
          start: z.int(),
          end: z.int(),
          source: z.object({ start: z.int(), end: z.int(), line: z.int(), column: z.int() }),
        }),
      ),
    }),
  ),
});
export type WirePrompt = z.output<typeof promptSchema>;
