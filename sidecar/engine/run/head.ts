import type { Tensor } from "onnxruntime-node";
import { RefractError } from "../../../shared/errors.ts";
import type { Block } from "../cut/block.ts";
import { stopIfAborted } from "./batch-run.ts";
import type { BlockStack } from "./block-stack.ts";
import { asFloat32, float32, floats, integers } from "./tensors.ts";

/** Logits of at most this many bytes are in memory at once. */
const CHUNK_BYTES = 64 * 1024 * 1024;

const NO_HOOKS = {
  slots: new Set<never>(),
  dictionaries: new Set<never>(),
  captures: new Set<never>(),
  form: "projection" as const,
};

/**
 * Runs the last norm and the unembedding over `[n, dModel]` rows, some at a time.
 * @param onRows gets logits `[count, vocab]` of the rows from `first` on; they are its own to keep.
 * @param into `[n, vocab]`, where float32 logits are written by the runtime itself; `onRows` then gets views of it.
 */
export async function runHead(
  stack: BlockStack,
  rows: Float32Array,
  signal: AbortSignal | undefined,
  onRows: (first: number, count: number, logits: Float32Array) => void,
  into?: Float32Array,
): Promise<void> {
  const { dModel, vocabSize, head } = stack.model;
  const { entry, logits } = head;
  if (entry === undefined || logits === undefined)
    throw new RefractError("failed", "The head has no input or no logits.");
  const { session, inputTypes } = await stack.head.prepare(NO_HOOKS);
  const total = rows.length / dModel;
  const atOnce = Math.max(1, Math.floor(CHUNK_BYTES / (vocabSize * 4)));
  for (let first = 0; first < total; first += atOnce) {
    stopIfAborted(signal);
    const count = Math.min(atOnce, total - first);
    const part = rows.slice(first * dModel, (first + count) * dModel);
    let outputs: Readonly<Record<string, unknown>>;
    try {
      const feeds = {
        [entry.name]: floats(entry.type, part, [1, count, dModel]),
        ...shapeInputs(head, count, inputTypes),
      };
      const place = into?.subarray(first * vocabSize, (first + count) * vocabSize);
      const written = place !== undefined && logits.type === "float32" && !stack.onDevice;
      outputs = await session.run(feeds, {
        [logits.name]: written ? float32(place, [1, count, vocabSize]) : null,
      });
      if (place !== undefined && !written) place.set(asFloat32(outputs[logits.name] as Tensor));
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new RefractError("failed", `ONNX Runtime failed in the unembedding: ${message}`, { cause });
    }
    onRows(first, count, asFloat32(outputs[logits.name] as Tensor));
  }
}

/** Some exports shape their logits after the graph's own inputs, whose values do not matter here. */
function shapeInputs(head: Block, count: number, types: ReadonlyMap<string, string>): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const name of [head.inputIds, head.attentionMask, head.positionIds]) {
    if (name !== undefined) feeds[name] = integers(new Array<number>(count).fill(1), [1, count], types.get(name));
  }
  return feeds;
}
