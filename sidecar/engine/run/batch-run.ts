import type { Tensor } from "onnxruntime-node";
import type { Capture } from "../../../shared/engine/engine.ts";
import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { LaneEdits, SlotRow } from "../../../shared/engine/slot-row.ts";
import { RefractError } from "../../../shared/errors.ts";
import type { Block } from "../cut/block.ts";
import { formOf } from "../splice/slot-column.ts";
import type { Batch } from "./batch.ts";
import type { BlockSession, BuiltBlock, Needs } from "./block-session.ts";
import type { BlockStack } from "./block-stack.ts";
import { type CaptureRows, captureRows, pickRows } from "./capture-rows.ts";
import { EditReports } from "./edit-reports.ts";
import { type Elided, elideRepeats, oncePerEdit } from "./elide-repeats.ts";
import { type CachePolicy, KvCache } from "./kv-cache.ts";
import { LaneBanks } from "./lane-banks.ts";
import { isMeasured } from "./measured-rows.ts";
import type { Step } from "./step.ts";
import { asFloat32, floats, integers } from "./tensors.ts";

/** More rows than this at one hook point get a bank of their own, so that other hook points are not padded to as many. */
const WIDEST_PACKED = 64;

const NOTHING_CAPTURED: CaptureRows = { pairs: [], rowOf: [] };

/** What the graph's own inputs get at one step. */
export interface StepInputs {
  /** `[lanes, columns]`. */
  ids: ArrayLike<number>;
  /** `[lanes, attended]`: 1 where a key may be seen. */
  mask: ArrayLike<number>;
  attended: number;
  /** `[lanes, columns]`. */
  positions: ArrayLike<number>;
}

export interface BatchRunOptions {
  captures: readonly Capture[];
  cache: CachePolicy;
  /** Blocks that run. */
  first: number;
  last: number;
  signal: AbortSignal | undefined;
}

interface BlockState {
  session: BlockSession;
  built: BuiltBlock;
  banks: LaneBanks;
  cache: KvCache;
  /** By lane: a row of each edit that is left out at each hook point. */
  repeats: SlotRow[][];
}

/** One batch of lanes on its way through the blocks, step by step. */
export class BatchRun {
  private readonly stack: BlockStack;
  private readonly batch: Batch;
  private readonly options: BatchRunOptions;
  private readonly elided: Elided[];
  private states: BlockState[] = [];
  readonly reports: EditReports;

  private constructor(stack: BlockStack, batch: Batch, options: BatchRunOptions) {
    this.stack = stack;
    this.batch = batch;
    this.options = options;
    this.reports = new EditReports(batch.lanes.map(({ edits }) => edits));
    const known = new Map<LaneEdits, Elided>();
    this.elided = batch.lanes.map(({ edits }) => {
      const done = known.get(edits) ?? elideRepeats(edits);
      known.set(edits, done);
      return done;
    });
  }

  /** Prepares the blocks' sessions for what the lanes edit and capture. */
  static async start(stack: BlockStack, batch: Batch, options: BatchRunOptions): Promise<BatchRun> {
    const run = new BatchRun(stack, batch, options);
    const edits = run.elided.map(({ needed }) => needed);
    const needs = needsOf(edits, options.captures);
    const sessions = stack.blocks.slice(options.first, options.last + 1);
    const missing = sessions.filter((session) => !session.isReady(needs));
    const tell = (done: number) =>
      missing.length > 0 && stack.onLoading({ stage: "loading weights", fraction: done / missing.length });
    tell(0);
    for (const session of sessions) {
      stopIfAborted(options.signal);
      const built = await session.prepare(needs);
      const place = missing.indexOf(session);
      if (place >= 0) tell(place + 1);
      run.states.push({
        session,
        built,
        banks: new LaneBanks(built, edits, stack.model.dModel),
        cache: new KvCache(session.block.kv, built.graph.cacheRows, batch.lanes.length, stack.model.kv, options.cache),
        repeats: run.elided.map(({ repeats }) => oncePerEdit(repeats, session.block.hookPoints)),
      });
    }
    return run;
  }

  /**
   * Runs one step through the blocks.
   * @param entry the stream before the first of them, where that is not the first of the model; `[lanes, columns, dModel]`.
   * @param onCapture gets every capture, by hook point and index in the batch.
   * @returns the stream after the last block, `[lanes, columns, dModel]`, valid until the next step.
   */
  async step(
    step: Step,
    inputs: StepInputs,
    entry: Float32Array | null,
    onCapture?: (at: HookPoint, lane: number, rows: Float32Array) => void,
  ): Promise<Float32Array> {
    let stream: Tensor | null = null;
    const made = new Map<string, Tensor>();
    for (const [index, state] of this.states.entries()) {
      stopIfAborted(this.options.signal);
      const { block } = state.session;
      const wanted = onCapture === undefined ? [] : state.built.graph.captures.filter(({ at }) => this.isCaptured(at));
      const rows =
        wanted.length === 0
          ? NOTHING_CAPTURED
          : captureRows(this.options.captures, new Set(wanted.map(({ at }) => at)), this.batch);
      const feeds = {
        ...this.ownInputs(state, step, inputs, made),
        ...state.cache.feeds(step),
        ...state.banks.feeds(step),
        ...captureFeeds(state.built, rows.pairs),
        ...this.entryFeed(block, index === 0 ? entry : null, stream, step),
      };
      const outputs = await this.run(
        state,
        feeds,
        wanted.map(({ name }) => name),
      );
      if (stream?.location === "gpu-buffer") stream.dispose();
      state.cache.update(outputs, step);
      state.banks.report(this.reports, step, outputs);
      for (const [lane, repeats] of state.repeats.entries()) this.reports.addRepeats(lane, repeats, step);
      stream = block.exit === undefined ? null : (outputs[block.exit.name] as Tensor);
      for (const { at, name } of wanted) this.handOut(at, asFloat32(outputs[name] as Tensor), rows.rowOf, onCapture);
    }
    // A stream that stayed on the device belongs to a pass that ends before the last block: nobody reads it.
    if (stream?.location === "gpu-buffer") {
      stream.dispose();
      return new Float32Array();
    }
    return stream === null ? new Float32Array() : asFloat32(stream);
  }

  dispose(): void {
    for (const { cache } of this.states) cache.dispose();
    this.states = [];
  }

  private isCaptured(at: HookPoint): boolean {
    return this.options.captures.some((capture) => capture.at === at);
  }

  private handOut(
    at: HookPoint,
    gathered: Float32Array,
    rowOf: readonly ReadonlyMap<number, number>[],
    onCapture: ((at: HookPoint, lane: number, rows: Float32Array) => void) | undefined,
  ): void {
    const capture = this.options.captures.find((candidate) => candidate.at === at);
    if (capture === undefined || onCapture === undefined) return;
    for (const [lane, { ids }] of this.batch.lanes.entries()) {
      const rows = rowOf[lane] ?? new Map<number, number>();
      onCapture(at, lane, pickRows(capture, ids.length, rows, gathered, this.stack.model.dModel));
    }
  }

  /** The graph's own inputs that a block needs; `made` holds what an earlier block of the step was given. */
  private ownInputs(
    { session: { block }, built }: BlockState,
    step: Step,
    inputs: StepInputs,
    made: Map<string, Tensor>,
  ): Record<string, Tensor> {
    const lanes = this.batch.lanes.length;
    const feeds: Record<string, Tensor> = {};
    const feed = (name: string | undefined, values: ArrayLike<number>, columns: number): void => {
      if (name === undefined) return;
      const type = built.inputTypes.get(name);
      const key = `${name} ${type}`;
      const tensor = made.get(key) ?? integers(values, [lanes, columns], type);
      made.set(key, tensor);
      feeds[name] = tensor;
    };
    feed(block.inputIds, inputs.ids, step.columns);
    feed(block.attentionMask, inputs.mask, inputs.attended);
    feed(block.positionIds, inputs.positions, step.columns);
    return feeds;
  }

  private entryFeed(
    block: Block,
    given: Float32Array | null,
    stream: Tensor | null,
    step: Step,
  ): Record<string, Tensor> {
    if (block.entry === undefined) return {};
    const dims = [this.batch.lanes.length, step.columns, this.stack.model.dModel];
    const tensor = given === null ? stream : floats(block.entry.type, given, dims);
    return tensor === null ? {} : { [block.entry.name]: tensor };
  }

  private async run(
    { session: { block }, built, banks, cache }: BlockState,
    feeds: Record<string, Tensor>,
    captures: readonly string[],
  ): Promise<Record<string, Tensor>> {
    const fetches: Record<string, null> = {};
    // With a preferred location the runtime mixes up locations unless every output is fetched.
    if (this.stack.onDevice) for (const name of built.session.outputNames) fetches[name] = null;
    const exit = block.exit === undefined ? [] : [block.exit.name];
    for (const name of [...captures, ...banks.reportOutputs(), ...cache.fetches(), ...exit]) fetches[name] = null;
    try {
      return (await built.session.run(feeds, fetches)) as Record<string, Tensor>;
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      throw new RefractError("failed", `ONNX Runtime failed in layers ${block.first} to ${block.last}: ${message}`, {
        cause,
      });
    }
  }
}

function captureFeeds({ graph }: BuiltBlock, pairs: readonly number[]): Record<string, Tensor> {
  if (graph.captureIndices === undefined) return {};
  return { [graph.captureIndices]: integers(pairs, [pairs.length / 2, 2], "int64") };
}

/** Which hook points need a bank, which a bank of their own, and which are captured. */
function needsOf(lanes: readonly LaneEdits[], captures: readonly Capture[]): Needs {
  const slots = new Set<HookPoint>();
  const dictionaries = new Set<HookPoint>();
  const measured = new Set<HookPoint>();
  for (const { rows, drops } of lanes) {
    const counts = new Map<HookPoint, number>();
    for (const { at } of rows) counts.set(at, (counts.get(at) ?? 0) + 1);
    for (const [at, count] of counts) (count > WIDEST_PACKED ? dictionaries : slots).add(at);
    for (const { at } of drops) dictionaries.add(at);
    for (const row of rows) if (isMeasured(row)) measured.add(row.at);
  }
  for (const at of measured) dictionaries.add(at);
  for (const at of dictionaries) slots.delete(at);
  const packed = lanes.map(({ rows }) => rows.filter(({ at }) => slots.has(at)));
  return { slots, dictionaries, measured, captures: new Set(captures.map(({ at }) => at)), form: formOf(packed) };
}

/** Throws `cancelled` once the signal is aborted: between blocks and between steps, never within a run of the runtime. */
export function stopIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new RefractError("cancelled", "The pass was stopped before it was finished.");
}
