import { z } from "zod";
import { viewBlockSchema } from "./view-block.ts";

/** A figure of `summary.json`. `estimate` is null where the data give none; then `why` says so. */
export const figureSchema = z.strictObject({
  name: z.string(),
  of: z.array(z.string()),
  estimate: z.number().nullable(),
  low: z.number().nullable(),
  high: z.number().nullable(),
  n: z.number().int().nonnegative(),
  unit: z.string(),
  layer: z.number().int().optional(),
  why: z.string().optional(),
});
export type Figure = z.infer<typeof figureSchema>;

/** A verdict of `summary.json`, with the indices of the figures it follows from. */
export const verdictSchema = z.strictObject({
  of: z.array(z.string()),
  verdict: z.string(),
  because: z.string(),
  figures: z.array(z.number().int().nonnegative()),
  layer: z.number().int().nullable().optional(),
  byLayer: z.array(z.strictObject({ layer: z.number().int(), verdict: z.string() })).optional(),
  /** First layer from which there is one cause; null where there is none. */
  mergeLayer: z.number().int().nullable().optional(),
});
export type Verdict = z.infer<typeof verdictSchema>;

/** One prompt behind a number, with what the model did with it under each condition. */
export const evidenceRowSchema = z.strictObject({
  id: z.string(),
  prompt: z.string(),
  outcomes: z.array(
    z.strictObject({
      condition: z.string(),
      /** Null where nothing was decoded: the first-token score alone was read. */
      reply: z.string().nullable(),
      score: z.number().nullable(),
      class: z.string().nullable(),
    }),
  ),
  /** What is remarkable about this row, e.g. which scorers disagree. */
  note: z.string().optional(),
});
export type EvidenceRow = z.infer<typeof evidenceRowSchema>;

export const evidenceSchema = z.strictObject({ title: z.string(), rows: z.array(evidenceRowSchema) });
export type Evidence = z.infer<typeof evidenceSchema>;

/** What an experiment kind makes of its units' results. */
export const experimentSummarySchema = z.strictObject({
  figures: z.array(figureSchema),
  verdicts: z.array(verdictSchema),
  /** The answer in words, first sentence first; each follows from the verdicts and figures. */
  sentences: z.array(z.string()),
  /** What would change the answer, and the state of the controls. */
  notes: z.array(z.string()),
  blocks: z.array(viewBlockSchema),
  evidence: z.record(z.string(), evidenceSchema),
});
export type ExperimentSummary = z.infer<typeof experimentSummarySchema>;

/** One experiment on a result page. */
export interface ExperimentResult extends ExperimentSummary {
  name: string;
  kind: string;
  /** The kind's label. */
  label: string;
  status: "done" | "failed" | "cancelled" | "running" | "waiting";
  /** Why it failed, and what to do. */
  message: string | null;
}

/** Everything that a result page or the report shows of a run; self-contained data. */
export interface ResultDocument {
  version: 1;
  run: {
    /** The run folder's name. */
    name: string;
    spec: string;
    started: string;
    finished: string | null;
    model: string;
    modelHash: string;
    provider: string;
    precision: string;
    seed: number;
    /** Ids that refusals of this model start with, and their text: shown beside every first-token score. */
    refusalTokens: { id: number; text: string }[];
    warnings: string[];
  };
  /** The first screen: the answers to the main question, in words. */
  answers: { sentence: string; verdict: string; experiment: string }[];
  experiments: ExperimentResult[];
  /** The run's manifest, as it is on disk. */
  manifest: Readonly<Record<string, unknown>>;
}
