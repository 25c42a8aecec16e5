import { InferenceSession, type Tensor } from "onnxruntime-node";
import { RefractError } from "../../../shared/errors.ts";
import type { CutModel } from "../cut/block.ts";
import { BatchRun } from "./batch-run.ts";
import { BlockStack } from "./block-stack.ts";
import { runHead } from "./head.ts";
import type { LoadListener } from "./load-progress.ts";
import { prefillStep } from "./prefill.ts";
import { type SessionSettings, sessionOptions } from "./session-options.ts";
import { asFloat32, integers, zeros } from "./tensors.ts";

const TOKENS = 6;
/** The largest difference of a logit, against the largest logit, that another order of float32 additions explains; and for narrower weights. */
const TOLERANCE = { float32: 1e-4, other: 2e-2 };

/**
 * Runs a few tokens through the untouched model and through the spliced one, with every slot bank and capture built in and empty, and compares
 * the logits. Block by block, so that two whole models are never in memory. Throws `failed` where they differ.
 * @returns the largest difference over the largest logit.
 */
export async function checkNoOp(
  model: CutModel,
  settings: SessionSettings,
  onLoading: LoadListener = () => undefined,
): Promise<number> {
  // The untouched model is as many blocks as the spliced one has, and a head.
  const half = model.blocks.length + 1;
  const tell = (done: number) => onLoading({ stage: "checking the cut model", fraction: done / (2 * half) });
  tell(0);
  const ids = Array.from({ length: TOKENS }, (_, i) => (7919 * (i + 1)) % model.vocabSize);
  const expected = await untouchedLogits(model, settings, ids);
  tell(half);
  const found = await splicedLogits(model, settings, ids, (block) => tell(half + block));
  tell(2 * half);
  let most = 0;
  let scale = 0;
  for (const [i, value] of expected.entries()) {
    const difference = Math.abs(value - (found[i] ?? Number.NaN));
    if (!(difference <= most)) most = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    scale = Math.max(scale, Math.abs(value));
  }
  const error = scale === 0 ? most : most / scale;
  const tolerance = model.precision === "float32" ? TOLERANCE.float32 : TOLERANCE.other;
  if (!(error <= tolerance)) {
    throw new RefractError(
      "failed",
      `The model with empty slots differs from the untouched one: ${error.toExponential(1)} of the largest logit, expected at most ${tolerance}. Its graph is not as the engine takes it to be.`,
    );
  }
  return error;
}

async function untouchedLogits(
  model: CutModel,
  settings: SessionSettings,
  ids: readonly number[],
): Promise<Float32Array> {
  const { graph, weightsFolder } = model.untouched();
  const session = await InferenceSession.create(graph, sessionOptions(settings, weightsFolder));
  try {
    const feeds: Record<string, Tensor> = {};
    const types = new Map(session.inputMetadata.map((input) => [input.name, input.isTensor ? input.type : ""]));
    const own: Record<string, readonly number[]> = {
      input_ids: ids,
      attention_mask: ids.map(() => 1),
      position_ids: ids.map((_, position) => position),
    };
    for (const [name, values] of Object.entries(own)) {
      if (types.has(name)) feeds[name] = integers(values, [1, ids.length], types.get(name));
    }
    for (const { pastKey, pastValue, heads, headDim, type } of model.blocks.flatMap(({ kv }) => kv)) {
      for (const name of [pastKey, pastValue]) feeds[name] = zeros(type, [1, heads, 0, headDim]);
    }
    const outputs = await session.run(feeds, ["logits"]);
    return Float32Array.from(asFloat32(outputs.logits as Tensor));
  } finally {
    await session.release();
  }
}

async function splicedLogits(
  model: CutModel,
  settings: SessionSettings,
  ids: readonly number[],
  onBlock: (done: number) => void,
): Promise<Float32Array> {
  const lane = { ids, edits: { rows: [], drops: [] } };
  const batch = { members: [0], lanes: [lane], columns: ids.length, offsets: [0] };
  const { step, inputs } = prefillStep(batch, [ids.length]);
  let stream: Float32Array | null = null;
  for (const [index, block] of model.blocks.entries()) {
    // Each block in a stack of its own, whose sessions are gone before the next one's are made.
    const stack = new BlockStack({ ...model, blocks: [block] }, settings);
    const everything = new Set(block.hookPoints);
    await stack.blocks[0]?.prepare({
      slots: everything,
      dictionaries: new Set(),
      captures: everything,
      form: "general",
    });
    const run = await BatchRun.start(stack, batch, {
      captures: [],
      cache: { keep: false },
      first: 0,
      last: 0,
      signal: undefined,
    });
    try {
      const entry: Float32Array | null = index === 0 ? null : stream;
      stream = Float32Array.from(await run.step(step, inputs, entry));
    } finally {
      run.dispose();
      await stack.release();
    }
    onBlock(index + 1);
  }
  const stack = new BlockStack({ ...model, blocks: [] }, settings);
  const out = new Float32Array(ids.length * model.vocabSize);
  try {
    await runHead(stack, stream ?? new Float32Array(), undefined, (first, _count, logits) => {
      out.set(logits, first * model.vocabSize);
    });
  } finally {
    await stack.release();
  }
  return out;
}
