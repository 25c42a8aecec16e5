import type { Capture, ForwardRequest, Lane } from "../../../shared/engine/engine.ts";
import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { Study } from "../../../shared/plugin/study.ts";

/** Tokens that one batch may hold: enough to keep two cores busy, little enough for a long prompt's logits. */
const TOKENS_PER_BATCH = 4096;
const LANES_PER_BATCH = 96;

/**
 * Splits lanes into batches of like length, so that little is padded.
 * @returns indices of the lanes, batch by batch.
 */
export function batches(lanes: readonly { ids: readonly number[] }[], extra = 0): number[][] {
  const order = lanes.map((_, i) => i).sort((a, b) => (lanes[a]?.ids.length ?? 0) - (lanes[b]?.ids.length ?? 0));
  const out: number[][] = [];
  let batch: number[] = [];
  for (const i of order) {
    const longest = (lanes[i]?.ids.length ?? 0) + extra;
    if (batch.length > 0 && (batch.length >= LANES_PER_BATCH || (batch.length + 1) * longest > TOKENS_PER_BATCH)) {
      out.push(batch);
      batch = [];
    }
    batch.push(i);
  }
  if (batch.length > 0) out.push(batch);
  return out;
}

export interface LaneResult {
  captures: Partial<Record<HookPoint, Float32Array>>;
  logits: Float32Array;
}

/** Runs lanes in batches; results in the order of the lanes. `start` activations are by lane. */
export async function runLanes(
  study: Study,
  lanes: readonly Lane[],
  captures: readonly Capture[],
  logits: ForwardRequest["logits"],
  start?: { layer: number; activations: readonly Float32Array[] },
): Promise<LaneResult[]> {
  const results = new Array<LaneResult>(lanes.length);
  for (const batch of batches(lanes)) {
    const request: ForwardRequest = { lanes: batch.map((i) => lanes[i] as Lane), captures, logits };
    if (start)
      request.start = { layer: start.layer, activations: batch.map((i) => start.activations[i] as Float32Array) };
    const forward = await study.engine.forward(request, { signal: study.signal });
    for (const [k, i] of batch.entries()) {
      const taken = Object.fromEntries(captures.map(({ at }) => [at, forward.captures[at]?.[k] ?? new Float32Array()]));
      results[i] = { captures: taken, logits: forward.logits[k] ?? new Float32Array() };
    }
    study.advance(batch.length);
  }
  return results;
}

export interface Reply {
  ids: number[];
  text: string;
}

/** Decodes replies in batches; greedy unless a temperature is given. */
export async function runReplies(
  study: Study,
  lanes: readonly Lane[],
  options: { maxNewTokens: number; temperature?: number; seeds?: readonly number[] },
): Promise<Reply[]> {
  const results = new Array<Reply>(lanes.length);
  for (const batch of batches(lanes, options.maxNewTokens)) {
    const generated = await study.engine.generate(
      {
        lanes: batch.map((i) => lanes[i] as Lane),
        maxNewTokens: options.maxNewTokens,
        temperature: options.temperature ?? 0,
        topP: 1,
        seeds: batch.map((i) => options.seeds?.[i] ?? 0),
      },
      { signal: study.signal },
    );
    for (const [k, i] of batch.entries()) {
      const ids = generated.lanes[k]?.ids ?? [];
      results[i] = { ids, text: await study.decode(ids) };
    }
    study.advance(batch.length);
  }
  return results;
}
