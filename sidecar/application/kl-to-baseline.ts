import type { Engine } from "../../shared/engine/engine.ts";
import { hookPoint } from "../../shared/engine/hook-point.ts";
import type { LaneEdits } from "../../shared/engine/slot-row.ts";
import { editsInText } from "./positions-in-text.ts";

/**
 * KL(baseline || condition) of the next-token distribution at each token of the baseline's reply, both given the same text.
 *
 * @param prompt ids of the prompt.
 * @param reply ids of the baseline's reply, without an end token's successor.
 * @returns by condition `[reply]`, in nats.
 */
export async function klToBaseline(
  engine: Engine,
  prompt: readonly number[],
  reply: readonly number[],
  conditions: readonly LaneEdits[],
  signal: AbortSignal,
): Promise<Float32Array[]> {
  if (reply.length === 0) return conditions.map(() => new Float32Array());
  const last = hookPoint("resid_post", engine.model.layers - 1);
  // The token at position p is predicted at p - 1.
  const ids = [...prompt, ...reply.slice(0, -1)];
  const positions = reply.map((_, at) => prompt.length - 1 + at);
  const lanes = [{ rows: [], drops: [] }, ...conditions].map((edits) => ({
    ids,
    edits: editsInText(edits, prompt.length),
  }));
  const { captures } = await engine.forward({ lanes, captures: [{ at: last, positions }], logits: "none" }, { signal });
  const distributions = captures[last] ?? [];
  const read = async (lane: number) =>
    engine.lens({ activations: distributions[lane] ?? new Float32Array(), tokens: [], top: 0, full: true }, { signal });
  const baseline = await read(0);
  const results: Float32Array[] = [];
  for (let lane = 1; lane < lanes.length; lane++) {
    const other = await read(lane);
    results.push(divergences(baseline, other, reply.length, engine.model.vocabSize));
  }
  return results;
}

interface Distributions {
  full: Float32Array;
  logSumExp: Float32Array;
}

function divergences(p: Distributions, q: Distributions, rows: number, vocabulary: number): Float32Array {
  const result = new Float32Array(rows);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let id = 0; id < vocabulary; id++) {
      const logP = (p.full[row * vocabulary + id] ?? 0) - (p.logSumExp[row] ?? 0);
      const logQ = (q.full[row * vocabulary + id] ?? 0) - (q.logSumExp[row] ?? 0);
      sum += Math.exp(logP) * (logP - logQ);
    }
    result[row] = sum;
  }
  return result;
}
