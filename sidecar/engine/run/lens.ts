import type { CallOptions, LensRequest, LensResult } from "../../../shared/engine/engine.ts";
import { refused } from "../../../shared/errors.ts";
import type { BlockStack } from "./block-stack.ts";
import { runLensHead } from "./head.ts";

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
  const all = request.full || top > 0;
  await runLensHead(stack, { rows: activations, tokens, all }, signal, (first, count, found) => {
    result.logits.set(found.picked, first * tokens.length);
    result.logSumExp.set(found.logSumExp, first);
    if (found.logits === null) return;
    if (request.full) result.full.set(found.logits, first * vocabSize);
    for (let i = 0; i < count; i++) {
      const row = found.logits.subarray(i * vocabSize, (i + 1) * vocabSize);
      const at = first + i;
      const largest = largestIds(row, top);
      result.topIds.set(largest, at * top);
      for (const [t, id] of largest.entries()) result.topLogits[at * top + t] = row[id] as number;
    }
  });
  return result;
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
