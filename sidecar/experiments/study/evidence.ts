import type { Evidence, EvidenceRow } from "../../../shared/plugin/result-document.ts";
import type { Outcomes } from "./outcomes.ts";

export interface ShownPrompt {
  id: string;
  text: string;
}

export function outcomeAt(outcomes: Outcomes, i: number): EvidenceRow["outcomes"][number] {
  return {
    condition: outcomes.condition,
    reply: outcomes.replies[i] ?? null,
    score: Number.isFinite(outcomes.score[i]) ? (outcomes.score[i] ?? null) : null,
    class: outcomes.degenerate[i] ? "degenerate" : outcomes.refused[i] ? "refusal" : "compliance",
  };
}

/** The prompts behind a number, each with what the model did under every condition. */
export function evidenceOf(
  title: string,
  prompts: readonly ShownPrompt[],
  conditions: readonly Outcomes[],
  keep?: (i: number) => boolean,
): Evidence {
  return {
    title,
    rows: prompts.flatMap(({ id, text }, i) =>
      keep && !keep(i) ? [] : [{ id, prompt: text, outcomes: conditions.map((condition) => outcomeAt(condition, i)) }],
    ),
  };
}
