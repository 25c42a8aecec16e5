import type { Lane } from "../../../shared/engine/engine.ts";
import type { LaneEdits } from "../../../shared/engine/slot-row.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { firstTokenScore } from "./first-token.ts";
import { classOfReply } from "./reply-class.ts";
import { runLanes, runReplies } from "./run-lanes.ts";

/** What the model did with prompts under one condition; row i is prompt i. Plain data, for the journal. */
export interface Outcomes {
  condition: string;
  score: number[];
  refused: boolean[];
  /** Replies where they were decoded, else empty. */
  replies: string[];
  degenerate: boolean[];
}

export interface NamedEdits {
  name: string;
  edits: LaneEdits;
}

const REPLY_TOKENS = 32;

/**
 * Runs prompts under conditions, all lanes together. Refused follows from the sign of the first-token score where that was found to agree
 * with the replies of this model, and from the replies (decoded) where it wasn't; with `replies` they are decoded in either case, and a
 * reply that fell apart is marked.
 */
export async function outcomesOf(
  study: Study,
  prompts: readonly StudyPrompt[],
  conditions: readonly NamedEdits[],
  options: { replies?: boolean; maxNewTokens?: number } = {},
): Promise<Outcomes[]> {
  const lanes: Lane[] = conditions.flatMap(({ edits }) => prompts.map(({ ids }) => ({ ids, edits })));
  const results = await runLanes(study, lanes, [], "last");
  const scores = results.map(({ logits }) => firstTokenScore(logits, study.refusal.ids));
  const decoded =
    options.replies || study.refusal.rates === "replies"
      ? await runReplies(study, lanes, { maxNewTokens: options.maxNewTokens ?? REPLY_TOKENS })
      : [];
  return conditions.map(({ name }, c) => {
    const at = (i: number) => c * prompts.length + i;
    const replies = decoded.length > 0 ? prompts.map((_, i) => decoded[at(i)]?.text ?? "") : [];
    const classes = replies.map(classOfReply);
    const score = prompts.map((_, i) => scores[at(i)] ?? Number.NaN);
    return {
      condition: name,
      score,
      refused:
        study.refusal.rates === "replies" ? classes.map((one) => one === "refusal") : score.map((value) => value > 0),
      replies,
      degenerate: classes.map((one) => one === "degenerate"),
    };
  });
}

/** Share of refused prompts. */
export function rate(refused: readonly boolean[]): number {
  return refused.length === 0 ? Number.NaN : refused.filter(Boolean).length / refused.length;
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}
