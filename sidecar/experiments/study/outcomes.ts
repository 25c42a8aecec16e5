import type { Lane } from "../../../shared/engine/engine.ts";
import type { LaneEdits } from "../../../shared/engine/slot-row.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { firstTokenScore } from "./first-token.ts";
import { classOfReply } from "./reply-class.ts";
import { runLanes, runReplies } from "./run-lanes.ts";
import { sample } from "./sample.ts";

/** What the model did with prompts under one condition; row i is prompt i. Plain data, for the journal. */
export interface Outcomes {
  condition: string;
  score: number[];
  refused: boolean[];
  /** Null where a reply was not decoded. */
  replies: (string | null)[];
  degenerate: boolean[];
}

export interface NamedEdits {
  name: string;
  edits: LaneEdits;
}

export interface OutcomeOptions {
  /** How many replies of each condition are decoded and held against the score: none, a number, or all. */
  replies?: number | "all";
  maxNewTokens?: number;
}

const REPLY_TOKENS = 32;
/** A condition in which more than this share of the checked replies contradict the score, or fall apart, is decoded whole. */
const DOUBT = 0.1;

/**
 * Runs prompts under conditions, all lanes together. Refused follows from the sign of the first-token score where that was found to agree
 * with this model's replies, and from decoded replies where it wasn't. Replies that are decoded as a check are held against the score: a
 * condition in which more than a tenth contradict it or fall apart is decoded whole, and its refusals follow from the replies.
 */
export async function outcomesOf(
  study: Study,
  prompts: readonly StudyPrompt[],
  conditions: readonly NamedEdits[],
  options: OutcomeOptions = {},
): Promise<Outcomes[]> {
  const lanes: Lane[] = conditions.flatMap(({ edits }) => prompts.map(({ ids }) => ({ ids, edits })));
  const results = await runLanes(study, lanes, [], "last");
  const outcomes = conditions.map(({ name }, c): Outcomes => {
    const score = prompts.map((_, i) =>
      firstTokenScore(results[c * prompts.length + i]?.logits ?? [], study.refusal.ids),
    );
    return {
      condition: name,
      score: score.map((value) => Math.round(value * 1000) / 1000),
      refused: score.map((value) => value > 0),
      replies: prompts.map(() => null),
      degenerate: prompts.map(() => false),
    };
  });
  const maxNewTokens = options.maxNewTokens ?? REPLY_TOKENS;
  const wanted = study.refusal.rates === "replies" ? "all" : (options.replies ?? 0);
  const decode = async (cells: readonly { c: number; i: number }[]) => {
    const chosen = cells.map(({ c, i }) => lanes[c * prompts.length + i] as Lane);
    const replies = await runReplies(study, chosen, { maxNewTokens });
    for (const [k, { c, i }] of cells.entries()) {
      const outcome = outcomes[c] as Outcomes;
      const text = replies[k]?.text ?? "";
      outcome.replies[i] = text;
      outcome.degenerate[i] = classOfReply(text) === "degenerate";
    }
  };
  const checked = sample(
    prompts.map((_, i) => i),
    wanted === "all" ? prompts.length : wanted,
    study.seed,
  );
  await decode(conditions.flatMap((_, c) => checked.map((i) => ({ c, i }))));
  const doubtful = outcomes.map((outcome) => {
    const wrong = checked.filter(
      (i) => outcome.degenerate[i] || (classOfReply(outcome.replies[i] ?? "") === "refusal") !== outcome.refused[i],
    );
    return study.refusal.rates === "replies" || wrong.length > DOUBT * checked.length;
  });
  await decode(
    outcomes.flatMap((outcome, c) =>
      doubtful[c] ? prompts.flatMap((_, i) => (outcome.replies[i] === null ? [{ c, i }] : [])) : [],
    ),
  );
  for (const [c, outcome] of outcomes.entries()) {
    if (doubtful[c]) outcome.refused = outcome.replies.map((reply) => classOfReply(reply ?? "") === "refusal");
  }
  return outcomes;
}

/** Share of refused prompts. */
export function rate(refused: readonly boolean[]): number {
  return refused.length === 0 ? Number.NaN : refused.filter(Boolean).length / refused.length;
}

export function mean(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : values.reduce((sum, value) => sum + value, 0) / values.length;
}
