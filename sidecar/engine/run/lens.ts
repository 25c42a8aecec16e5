import type { CallOptions, LensRequest, LensResult } from "../../../shared/engine/engine.ts";
import { refused } from "../../../shared/errors.ts";
import type { BlockStack } from "./block-stack.ts";
import { runHead } from "./head.ts";

/** Reads activations through the head alone; see `Engine.lens`. */
export async function lens(stack: BlockStack, request: LensRequest, { signal }: CallOptions): Promise<LensResult> {
  const { dModel, vocabSize } = stack.model;
  const { activations, tokens } = request;
  if (activations.length % dModel !== 0) {
    throw refused(`lens: activations have ${activations.length} values, expected a multiple of ${dModel} (d_model)`);
  }
  const outside = tokens.find((id) => !Number.isSafeInteger(id) || id < 0 || id >= vocabSize);
  if (outside !== undefined) {
    throw refused(`lens: id ${outside} is outside the vocabulary (0 to ${vocabSize - 1})`);
  }
  const top = Math.min(request.top, vocabSize);
  const n = activations.length / dModel;
  const result: LensResult = {
    logits: new Float32Array(n * tokens.length),
    logSumExp: new Float32Array(n),
    topIds: new Int32Array(n * top),
    topLogits: new Float32Array(n * top),
    full: new Float32Array(request.full ? n * vocabSize : 0),
  };
  await runHead(stack, activations, signal, (first, count, logits) => {
    if (request.full) result.full.set(logits, first * vocabSize);
    for (let i = 0; i < count; i++) {
      const row = logits.subarray(i * vocabSize, (i + 1) * vocabSize);
      const at = first + i;
      for (const [t, id] of tokens.entries()) result.logits[at * tokens.length + t] = row[id] as number;
      result.logSumExp[at] = logSumExp(row);
      const largest = largestIds(row, top);
      result.topIds.set(largest, at * top);
      for (const [t, id] of largest.entries()) result.topLogits[at * top + t] = row[id] as number;
    }
  });
  return result;
}

/** Terms so far below the largest add less than float32 shows, over any vocabulary. */
const NEGLIGIBLE = -25;

/** Over 1,700 rows of a 2,048-token vocabulary half of an inspection's time goes here: plain indices, and no exponential that cannot show. */
function logSumExp(row: Float32Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < row.length; i++) {
    const value = row[i] as number;
    if (value > most) most = value;
  }
  let sum = 0;
  for (let i = 0; i < row.length; i++) {
    const below = (row[i] as number) - most;
    if (below > NEGLIGIBLE) sum += Math.exp(below);
  }
  return most + Math.log(sum);
}

/** Ids of the `count` largest values, largest first, the lower id of equals first. */
function largestIds(row: Float32Array, count: number): number[] {
  const ids: number[] = [];
  for (let id = 0; count > 0 && id < row.length; id++) {
    const value = row[id] as number;
    const least = row[ids[count - 1] ?? -1];
    if (least !== undefined && !(value > least)) continue;
    let place = Math.min(ids.length, count - 1);
    while (place > 0 && (row[ids[place - 1] as number] as number) < value) place--;
    if (ids.length === count) ids.pop();
    ids.splice(place, 0, id);
  }
  return ids;
}
