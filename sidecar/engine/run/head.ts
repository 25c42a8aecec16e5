import type { Tensor } from "onnxruntime-node";
import { RefractError } from "../../../shared/errors.ts";
import type { Block, LensOutputs } from "../cut/block.ts";
import { stopIfAborted } from "./batch-run.ts";
import type { BuiltBlock } from "./block-session.ts";
import type { BlockStack } from "./block-stack.ts";
import { asFloat32, floats, integers } from "./tensors.ts";

/** Logits of at most this many bytes are in memory at once where nobody keeps them. */
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
 * @param chunkBytes how many bytes of logits one run may give.
 */
export async function runHead(
  stack: BlockStack,
  rows: Float32Array,
  signal: AbortSignal | undefined,
  onRows: (first: number, count: number, logits: Float32Array) => void,
  chunkBytes = CHUNK_BYTES,
): Promise<void> {
  const { vocabSize, quantisesTogether } = stack.model;
  const { logits } = headNames(stack);
  const built = await stack.head.prepare(NO_HOOKS);
  // A pass's own rows are rounded together, as the whole graph does; the lens reads rows of many layers, which no graph has together.
  const atOnce = quantisesTogether ? rows.length : rowsAtOnce(vocabSize, chunkBytes);
  await inParts(stack, { rows, signal, built, atOnce }, async (first, count, run) => {
    const outputs = await run({}, { [logits.name]: null });
    onRows(first, count, asFloat32(outputs[logits.name] as Tensor));
  });
}

/** What the logit lens reads of some rows. */
export interface LensRows {
  /** `[count, tokens]`. */
  picked: Float32Array;
  /** `[count]`: ln(sum(exp)) over the vocabulary. */
  logSumExp: Float32Array;
  /** `[count, vocab]`, where asked for. */
  logits: Float32Array | null;
}

/**
 * Runs the last norm and the unembedding over `[n, dModel]` rows, some at a time, for the logit lens.
 * @param all whether every logit is wanted too: the runtime keeps them to itself where not.
 */
export async function runLensHead(
  stack: BlockStack,
  { rows, tokens, all }: { rows: Float32Array; tokens: readonly number[]; all: boolean },
  signal: AbortSignal | undefined,
  onRows: (first: number, count: number, found: LensRows) => void,
): Promise<void> {
  const { logits } = headNames(stack);
  const built = await stack.head.prepare({ ...NO_HOOKS, lens: true });
  const { lens } = built.graph;
  if (lens === undefined) throw new RefractError("failed", "The head was built without the logit lens.");
  // A runtime's operators differ in what they make of no columns at all: one is asked for and left out.
  const ids = tokens.length === 0 ? [0] : tokens;
  const feeds = { [lens.tokens]: integers(ids, [ids.length], "int64") };
  await inParts(
    stack,
    { rows, signal, built, atOnce: rowsAtOnce(stack.model.vocabSize, CHUNK_BYTES) },
    async (first, count, run) => {
      const wanted = { [lens.logits]: null, [lens.logSumExp]: null, ...(all ? { [logits.name]: null } : {}) };
      const outputs = await run(feeds, wanted);
      const values = (name: string) => asFloat32(outputs[name] as Tensor);
      onRows(first, count, {
        picked: tokens.length === 0 ? new Float32Array() : values(lens.logits),
        logSumExp: values(lens.logSumExp),
        logits: all ? values(logits.name) : null,
      });
    },
  );
}

type Feeds = Record<string, Tensor>;
type Outputs = Readonly<Record<string, unknown>>;
type RunPart = (feeds: Feeds, fetches: Record<string, null>) => Promise<Outputs>;

/** As many rows as the logits' memory allows. */
function rowsAtOnce(vocabSize: number, bytes: number): number {
  return Math.max(1, Math.floor(bytes / (vocabSize * 4)));
}

interface Parts {
  rows: Float32Array;
  signal: AbortSignal | undefined;
  built: BuiltBlock;
  /** The most rows of one run. */
  atOnce: number;
}

/** Calls `each` for some rows at a time, with what runs the head over them. */
async function inParts(
  stack: BlockStack,
  { rows, signal, built, atOnce }: Parts,
  each: (first: number, count: number, run: RunPart) => Promise<void>,
): Promise<void> {
  const { dModel, head } = stack.model;
  const { entry } = headNames(stack);
  const { session, inputTypes } = built;
  // Inputs that this pass does not need must be fed all the same.
  const lens = built.graph.lens === undefined ? {} : unasked(built.graph.lens);
  const total = rows.length / dModel;
  for (let first = 0; first < total; first += atOnce) {
    stopIfAborted(signal);
    const count = Math.min(atOnce, total - first);
    const part = rows.slice(first * dModel, (first + count) * dModel);
    await each(first, count, async (feeds, fetches) => {
      try {
        const stream = { [entry.name]: floats(entry.type, part, [1, count, dModel]) };
        return await session.run({ ...stream, ...shapeInputs(head, count, inputTypes), ...lens, ...feeds }, fetches);
      } catch (cause) {
        const message = cause instanceof Error ? cause.message : String(cause);
        throw new RefractError("failed", `ONNX Runtime failed in the unembedding: ${message}`, { cause });
      }
    });
  }
}

function unasked({ tokens }: LensOutputs): Feeds {
  return { [tokens]: integers([0], [1], "int64") };
}

function headNames(stack: BlockStack) {
  const { entry, logits } = stack.model.head;
  if (entry === undefined || logits === undefined)
    throw new RefractError("failed", "The head has no input or no logits.");
  return { entry, logits };
}

/** Some exports shape their logits after the graph's own inputs, whose values do not matter here. */
function shapeInputs(head: Block, count: number, types: ReadonlyMap<string, string>): Record<string, Tensor> {
  const feeds: Record<string, Tensor> = {};
  for (const name of [head.inputIds, head.attentionMask, head.positionIds]) {
    if (name !== undefined) feeds[name] = integers(new Array<number>(count).fill(1), [1, count], types.get(name));
  }
  return feeds;
}
