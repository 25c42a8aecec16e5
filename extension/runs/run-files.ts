import { z } from "zod";

/** What a list shows of a run's `manifest.json`. */
export const manifestSchema = z.object({
  started: z.string(),
  spec: z.object({ path: z.string() }),
  model: z.object({ name: z.string() }),
});

/** What a list shows of its `summary.json`. */
export const summarySchema = z.object({
  experiments: z.record(
    z.string(),
    z.object({
      kind: z.string(),
      status: z.string().default("done"),
      verdicts: z.array(z.object({ of: z.array(z.string()), verdict: z.string() })).default([]),
    }),
  ),
});
