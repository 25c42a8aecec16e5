import type { Lane } from "../../../shared/engine/engine.ts";
import { hookPoint } from "../../../shared/engine/hook-point.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { blockStart } from "../directions/candidate-scores.ts";
import { ablate, NO_EDITS, streamPoints, type Vector } from "../study/edit-rows.ts";
import { firstTokenScore } from "../study/first-token.ts";
import { runLanes } from "../study/run-lanes.ts";
import type { Window } from "./windows.ts";

/** What a sweep counts as an effect: the refusal is gone, or the refusal that stays begins with another word. */
export type SweepOutcome = "refusal" | "wording";

export interface WindowEffect extends Window {
  /** Per prompt: refused still (or, for wording, worded as before). */
  kept: boolean[];
  score: number[];
}

export interface SweepEffects {
  baseline: boolean[];
  windows: WindowEffect[];
}

function topRefusalToken(logits: Float32Array, tokens: readonly number[]): number {
  return tokens.reduce(
    (best, token) => ((logits[token] ?? 0) > (logits[best] ?? Number.NEGATIVE_INFINITY) ? token : best),
    tokens[0] ?? 0,
  );
}

/**
 * Effects of ablating directions in windows of layers. Everything below a window is what it was without it, so each pass starts at the
 * block of the window's first layer, from the stream that the unedited pass left there; windows of one start run as one batch.
 */
export async function sweepEffects(
  study: Study,
  prompts: readonly StudyPrompt[],
  vectors: readonly Vector[],
  windows: readonly Window[],
  outcome: SweepOutcome,
): Promise<SweepEffects> {
  const { model } = study.engine;
  const starts = [...new Set(windows.map(({ first }) => blockStart(model.blocks, first)))].filter((layer) => layer > 0);
  const captures = starts.map((layer) => ({ at: hookPoint("resid_pre", layer), positions: "all" as const }));
  const unedited = await runLanes(
    study,
    prompts.map(({ ids }) => ({ ids, edits: NO_EDITS })),
    captures,
    "last",
  );
  const tokens = study.refusal.ids;
  const top = unedited.map(({ logits }) => topRefusalToken(logits, tokens));
  const refused = unedited.map(({ logits }) => firstTokenScore(logits, tokens) > 0);
  // Families meet at the ends (all layers up to 0 is layer 0 alone): such a window runs once.
  const distinct = [...new Map(windows.map((window) => [`${window.first}-${window.last}`, window])).values()];
  const found = new Map<string, { kept: boolean[]; score: number[] }>();
  for (const [start, members] of Map.groupBy(distinct, ({ first }) => blockStart(model.blocks, first))) {
    const lanes = members.flatMap(({ first, last }): Lane[] => {
      const edits = ablate(
        streamPoints(model, (layer) => layer >= first && layer <= last),
        vectors,
      );
      return prompts.map(({ ids }) => ({ ids, edits }));
    });
    const at = hookPoint("resid_pre", start);
    const from =
      start === 0
        ? undefined
        : {
            layer: start,
            activations: members.flatMap(() => unedited.map(({ captures }) => captures[at] ?? new Float32Array())),
          };
    const results = await runLanes(study, lanes, [], "last", from);
    for (const [w, window] of members.entries()) {
      const logits = prompts.map((_, i) => results[w * prompts.length + i]?.logits ?? new Float32Array());
      const score = logits.map((one) => firstTokenScore(one, tokens));
      const kept = logits.map((one, i) =>
        outcome === "refusal" ? (score[i] ?? 0) > 0 : (score[i] ?? 0) <= 0 || topRefusalToken(one, tokens) === top[i],
      );
      found.set(`${window.first}-${window.last}`, {
        kept,
        score: score.map((value) => Math.round(value * 1000) / 1000),
      });
    }
  }
  return {
    baseline: outcome === "refusal" ? refused : refused.map(() => true),
    windows: windows.map((window) => ({
      ...window,
      ...(found.get(`${window.first}-${window.last}`) ?? { kept: [], score: [] }),
    })),
  };
}
