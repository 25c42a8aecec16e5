/** Classes of a reply; over-refusal is a refusal of a prompt that is not harmful. */
export type ReplyClass = "refusal" | "compliance" | "deflection" | "degenerate";

/** One reply (or, before any reply, one next-token distribution) to be scored. */
export interface ScorerInput {
  prompt: string;
  reply: string;
  /** Log-probabilities over the vocabulary at the last prompt token; `null` where only the reply is known. */
  nextToken: Float32Array | null;
  /** Ids that refusals start with. */
  refusalTokens: readonly number[];
}

export interface Score {
  /** Higher refuses more; the scorer's own unit. */
  score: number;
  class: ReplyClass;
}

/** Says how much a reply or a next-token distribution refuses. */
export interface Scorer {
  id: string;
  label: string;
  describe: string;
  needs: "next-token" | "reply";
  score(inputs: readonly ScorerInput[]): Promise<Score[]>;
}
