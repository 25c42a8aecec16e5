import { z } from "zod";
import type { ResultDocument } from "../../plugin/result-document.ts";

export type ToResults =
  | { type: "document"; document: ResultDocument }
  /** A run in progress: which experiment, how far, and how long it still takes. */
  | { type: "waiting"; what: string }
  | { type: "failed"; message: string };

/** Checked by the extension as it arrives: a page is not trusted. */
export const fromResultsSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  z.object({ type: z.literal("open-spec") }),
  /** Opens a prompt of the evidence in its file. */
  z.object({ type: z.literal("open-prompt"), id: z.string() }),
  /** Writes the page as one HTML file that opens offline. */
  z.object({ type: z.literal("save-report") }),
]);
export type FromResults = z.output<typeof fromResultsSchema>;
