import type { CallOptions, ForwardRequest, ForwardResult, Lane } from "../../../shared/engine/engine.ts";
import { parseHookPoint } from "../../../shared/engine/hook-point.ts";
import { type Batch, lanesTogether, makeBatches } from "./batch.ts";
import { BatchRun } from "./batch-run.ts";
import type { BlockStack } from "./block-stack.ts";
import { checkForward } from "./check-request.ts";
import { runHead } from "./head.ts";
import { JoinedRows } from "./joined-rows.ts";
import { prefillStep } from "./prefill.ts";

const LIMITS = { lanes: 32, tokens: 4096 };
/** Logits of so many bytes come in one piece, which is what the caller gets: the runtime copies its outputs once as it is. */
const LOGITS_BYTES = 128 * 1024 * 1024;

/** One pass over the lanes, in as few batches as fit; see `Engine.forward`. */
export async function forward(
  stack: BlockStack,
  request: ForwardRequest,
  { signal }: CallOptions,
): Promise<ForwardResult> {
  checkForward(request, stack.model);
  const result: ForwardResult = {
    captures: Object.fromEntries(request.captures.map(({ at }) => [at, []])),
    logits: request.lanes.map(() => new Float32Array()),
    reports: request.lanes.map(() => []),
  };
  const batches = makeBatches(request.lanes, {
    decode: false,
    kv: stack.model.kv,
    positionIds: stack.positionIds,
    limits: lanesTogether(LIMITS, stack.model),
  });
  for (const batch of batches) await forwardBatch(stack, request, batch, result, signal);
  return result;
}

async function forwardBatch(
  stack: BlockStack,
  request: ForwardRequest,
  batch: Batch,
  result: ForwardResult,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { first, last } = blockRange(stack, request);
  const run = await BatchRun.start(stack, batch, {
    captures: request.captures,
    cache: { keep: false },
    first,
    last,
    signal,
  });
  try {
    const prompts = batch.lanes.map(({ ids }) => ids.length);
    const { step, inputs } = prefillStep(batch, prompts);
    const entry = request.start === undefined ? null : padded(batch, request.start.activations, stack.model.dModel);
    const stream = await run.step(step, inputs, entry, (at, lane, rows) => {
      const lanes = result.captures[at];
      if (lanes !== undefined) lanes[batch.members[lane] as number] = rows;
    });
    for (const [lane, reports] of run.reports.reports().entries()) {
      result.reports[batch.members[lane] as number] = reports;
    }
    if (request.logits !== "none") await logitsOf(stack, request.logits, batch, stream, result, signal);
  } finally {
    run.dispose();
  }
}

/** Blocks from the start of the pass to the last that something is wanted of. */
function blockRange(stack: BlockStack, request: ForwardRequest): { first: number; last: number } {
  const { blocks } = stack.model;
  const first = request.start === undefined ? 0 : blocks.findIndex((block) => block.first === request.start?.layer);
  if (request.logits !== "none") return { first, last: blocks.length - 1 };
  const layers = request.captures.map(({ at }) => parseHookPoint(at)?.layer ?? 0);
  const deepest = Math.max(-1, ...layers);
  return {
    first,
    last: Math.max(
      first,
      blocks.findIndex((block) => block.last >= deepest),
    ),
  };
}

function padded(batch: Batch, activations: readonly Float32Array[], dModel: number): Float32Array {
  const out = new Float32Array(batch.lanes.length * batch.columns * dModel);
  for (const [lane, member] of batch.members.entries()) {
    const at = lane * batch.columns + (batch.offsets[lane] as number);
    out.set(activations[member] as Float32Array, at * dModel);
  }
  return out;
}

async function logitsOf(
  stack: BlockStack,
  wanted: "last" | "all",
  batch: Batch,
  stream: Float32Array,
  result: ForwardResult,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { dModel, vocabSize, quantisesTogether } = stack.model;
  const rowsOf = ({ ids }: Lane) => (wanted === "last" && !quantisesTogether ? 1 : ids.length);
  const places = batch.lanes.flatMap((own, lane) => {
    const { ids } = own;
    const count = rowsOf(own);
    return Array.from({ length: count }, (_, i) => ({ lane, position: ids.length - count + i }));
  });
  const rows = new Float32Array(places.length * dModel);
  for (const [i, { lane, position }] of places.entries()) {
    const at = (lane * batch.columns + (batch.offsets[lane] as number) + position) * dModel;
    rows.set(stream.subarray(at, at + dModel), i * dModel);
  }
  const joined = new JoinedRows(places.length, vocabSize);
  await runHead(stack, rows, signal, (...piece) => joined.take(...piece), LOGITS_BYTES);
  const logits = joined.all();
  let first = 0;
  for (const [lane, member] of batch.members.entries()) {
    const end = first + rowsOf(batch.lanes[lane] as Lane);
    result.logits[member] = logits.subarray((wanted === "last" ? end - 1 : first) * vocabSize, end * vocabSize);
    first = end;
  }
}
