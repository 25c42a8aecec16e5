import type {
  CallOptions,
  GenerateRequest,
  GenerateResult,
  Lane,
  TokenListener,
} from "../../../shared/engine/engine.ts";
import { type Batch, lanesTogether, makeBatches } from "./batch.ts";
import { BatchRun, type StepInputs, stopIfAborted } from "./batch-run.ts";
import type { BlockStack } from "./block-stack.ts";
import { checkGenerate } from "./check-request.ts";
import { runHead } from "./head.ts";
import { prefillStep } from "./prefill.ts";
import { makeSampler, type Sampler } from "./sample.ts";
import type { Step } from "./step.ts";

const LIMITS = { lanes: 32, tokens: 8192 };

/** One lane of a batch while it is being written. */
interface Writing {
  /** Index in the request. */
  member: number;
  prompt: number;
  ids: number[];
  sample: Sampler;
  finish: "stop" | "length" | null;
  /** How many tokens it may get. */
  most: number;
}

export type GenerateOptions = CallOptions & { onToken?: TokenListener };

/** Writes on from every lane, in as few batches as fit; see `Engine.generate`. */
export async function generate(
  stack: BlockStack,
  request: GenerateRequest,
  options: GenerateOptions,
): Promise<GenerateResult> {
  checkGenerate(request, stack.model);
  const lanes = new Array<GenerateResult["lanes"][number]>(request.lanes.length);
  const batches = makeBatches(request.lanes, {
    decode: true,
    kv: stack.model.kv,
    positionIds: stack.positionIds,
    limits: lanesTogether(LIMITS, stack.model),
  });
  for (const batch of batches) {
    const written = await generateBatch(stack, request, batch, options);
    for (const [lane, result] of written.entries()) lanes[batch.members[lane] as number] = result;
  }
  return { lanes };
}

async function generateBatch(
  stack: BlockStack,
  request: GenerateRequest,
  batch: Batch,
  { signal, onToken }: GenerateOptions,
): Promise<GenerateResult["lanes"]> {
  const ends = new Set(request.endTokens ?? stack.model.endTokens);
  const writing = batch.members.map((member) => startWriting(stack, request, member));
  const run = await BatchRun.start(stack, batch, {
    captures: [],
    cache: stack.model.kv === "none" ? { keep: false } : { keep: true, capacity: longest(batch, writing) },
    first: 0,
    last: stack.model.blocks.length - 1,
    signal,
  });
  try {
    let { step, inputs } = prefillStep(
      batch,
      writing.map(({ prompt }) => prompt),
    );
    const mask = batch.lanes.map((_, lane) =>
      Array.from({ length: batch.columns }, (_, column) => inputs.mask[lane * batch.columns + column] as number),
    );
    for (;;) {
      const stream = await run.step(step, inputs, null);
      await choose(stack, writing, step, stream, ends, signal, onToken);
      if (writing.every(({ finish }) => finish !== null)) break;
      stopIfAborted(signal);
      const next = stack.model.kv === "none" ? recompute(batch, writing) : decodeStep(stack, writing, mask);
      step = next.step;
      inputs = next.inputs;
    }
    const reports = run.reports.reports();
    return writing.map(({ ids, finish }, lane) => ({ ids, finish: finish ?? "length", reports: reports[lane] ?? [] }));
  } finally {
    run.dispose();
  }
}

/** How many positions the caches will have at most: a cache that grows by concatenation has the padding too. */
function longest({ columns }: Batch, writing: readonly Writing[]): number {
  return columns + Math.max(...writing.map(({ most }) => most));
}

function startWriting(stack: BlockStack, request: GenerateRequest, member: number): Writing {
  const prompt = (request.lanes[member] as Lane).ids.length;
  const room = stack.model.contextLength === null ? Number.POSITIVE_INFINITY : stack.model.contextLength - prompt;
  return {
    member,
    prompt,
    ids: [],
    sample: makeSampler(request.temperature, request.topP, request.seeds[member] ?? 0),
    finish: null,
    // A prompt that fills the context still gets the token that its last position predicts.
    most: Math.max(1, Math.min(request.maxNewTokens, room)),
  };
}

/** Reads the logits at each unfinished lane's last position and chooses its next token. */
async function choose(
  stack: BlockStack,
  writing: Writing[],
  step: Step,
  stream: Float32Array,
  ends: ReadonlySet<number>,
  signal: AbortSignal | undefined,
  onToken: TokenListener | undefined,
): Promise<void> {
  const { dModel, vocabSize, quantisesTogether } = stack.model;
  const active = writing.map((_, lane) => lane).filter((lane) => writing[lane]?.finish === null);
  const places = active.flatMap((lane) => {
    const last = (step.lengths[lane] as number) - 1 - (step.firstPositions[lane] as number);
    // Where rows are rounded together, the last one is what it is only among the others.
    const first = quantisesTogether ? 0 : last;
    return Array.from({ length: last - first + 1 }, (_, i) => ({
      lane,
      column: first + i,
      chooses: first + i === last,
    }));
  });
  const rows = new Float32Array(places.length * dModel);
  for (const [i, { lane, column }] of places.entries()) {
    const at = (lane * step.columns + column) * dModel;
    rows.set(stream.subarray(at, at + dModel), i * dModel);
  }
  await runHead(stack, rows, signal, (first, count, logits) => {
    for (let i = 0; i < count; i++) {
      const place = places[first + i];
      if (place === undefined || !place.chooses) continue;
      const lane = writing[place.lane] as Writing;
      const id = lane.sample(logits.subarray(i * vocabSize, (i + 1) * vocabSize));
      lane.ids.push(id);
      if (ends.has(id)) lane.finish = "stop";
      else if (lane.ids.length >= lane.most) lane.finish = "length";
      onToken?.(lane.member, id);
    }
  });
}

/** The step that feeds every lane its newest token. A finished lane runs along with its last one: masked, untouched, unread. */
function decodeStep(
  stack: BlockStack,
  writing: readonly Writing[],
  mask: number[][],
): { step: Step; inputs: StepInputs } {
  const totals = writing.map(({ prompt, ids }) => prompt + ids.length);
  const positions = totals.map((total) => total - 1);
  const grouped = stack.model.kv === "group-query";
  if (!grouped) for (const [lane, { finish }] of writing.entries()) mask[lane]?.push(finish === null ? 1 : 0);
  // GroupQueryAttention takes a lane's length from its mask's sum, and the longest from its width.
  const attended = grouped ? Math.max(...totals) : (mask[0]?.length ?? 0);
  const flat = new Uint8Array(writing.length * attended);
  for (const [lane, total] of totals.entries()) {
    if (grouped) flat.fill(1, lane * attended, lane * attended + total);
    else flat.set(mask[lane] ?? [], lane * attended);
  }
  return {
    step: {
      prompts: writing.map(({ prompt }) => prompt),
      columns: 1,
      firstPositions: positions,
      lengths: writing.map(({ finish }, lane) => (finish === null ? (totals[lane] as number) : 0)),
    },
    inputs: { ids: writing.map(({ ids }) => ids.at(-1) as number), mask: flat, attended, positions },
  };
}

/** Without a cache: the whole sequences again, with what was written. */
function recompute(batch: Batch, writing: readonly Writing[]): { step: Step; inputs: StepInputs } {
  const lanes = batch.lanes.map((lane, i) => ({ ...lane, ids: [...lane.ids, ...(writing[i]?.ids ?? [])] }));
  const columns = Math.max(...lanes.map(({ ids }) => ids.length));
  const grown = { ...batch, lanes, columns };
  return prefillStep(
    grown,
    writing.map(({ prompt }) => prompt),
  );
}
