import type { Study } from "../../../shared/plugin/study.ts";
import { excessKurtosis } from "../../statistics/distribution-shape.ts";
import { orthonormalBasis } from "../../statistics/orthonormal-basis.ts";
import { logSoftmax } from "../../statistics/softmax.ts";
import { dot, unit } from "../../statistics/vectors.ts";

/** A direction as the last norm and the unembedding see it. */
export interface VocabularyView {
  top: { id: number; text: string; logit: number }[];
  kurtosis: number;
  /** Of the softmax of those logits, in nats. */
  entropy: number;
}

/** The tokens that W_U(gamma * r^) ranks first, and how peaked its logits are. */
export async function vocabularyView(study: Study, vector: ArrayLike<number>, top = 8): Promise<VocabularyView> {
  const lens = await study.engine.lens(
    { activations: Float32Array.from(unit(vector)), tokens: [], top, full: true },
    { signal: study.signal },
  );
  const logP = logSoftmax(lens.full);
  const shown = [];
  for (let i = 0; i < top; i++) {
    const id = lens.topIds[i] ?? 0;
    shown.push({ id, text: await study.decode([id]), logit: lens.topLogits[i] ?? 0 });
  }
  return {
    top: shown,
    kurtosis: excessKurtosis(lens.full),
    entropy: -logP.reduce((sum, value) => sum + Math.exp(value) * value, 0),
  };
}

/** Axes that are read at once: a batch of so many rows of width d stays small. */
const AXES_AT_ONCE = 512;

/**
 * Orthonormal basis of the refusal tokens' rows of W_U * gamma. The engine gives no weights; the rows are read off by passing each axis of
 * the stream through the lens (exact up to each row's scale for RMS norms, whose scale a span does not have).
 */
async function refusalSpan(study: Study): Promise<Float64Array[]> {
  const d = study.engine.model.dModel;
  const tokens = study.refusal.ids;
  const rows = tokens.map(() => new Float64Array(d));
  for (let from = 0; from < d; from += AXES_AT_ONCE) {
    const count = Math.min(AXES_AT_ONCE, d - from);
    const activations = new Float32Array(count * d);
    for (let i = 0; i < count; i++) activations[i * d + from + i] = 1;
    const { logits } = await study.engine.lens({ activations, tokens, top: 1, full: false }, { signal: study.signal });
    for (let i = 0; i < count; i++) {
      for (const [t, row] of rows.entries()) row[from + i] = logits[i * tokens.length + t] ?? 0;
    }
  }
  return orthonormalBasis(rows);
}

/** Share of each direction's length within the span of the refusal tokens' rows. */
export async function refusalShares(study: Study, vectors: readonly ArrayLike<number>[]): Promise<number[]> {
  if (study.refusal.ids.length === 0) return vectors.map(() => 0);
  const basis = await refusalSpan(study);
  return vectors.map((vector) => {
    const direction = unit(vector);
    return Math.sqrt(basis.reduce((sum, q) => sum + dot(direction, q) ** 2, 0));
  });
}
