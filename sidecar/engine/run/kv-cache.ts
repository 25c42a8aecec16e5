import type { Tensor } from "onnxruntime-node";
import type { KvStyle } from "../../../shared/engine/model-description.ts";
import type { CacheRows, KvInterface } from "../cut/block.ts";
import type { Step } from "./step.ts";
import { bitsOf, fromBits, integers, zeros } from "./tensors.ts";

/** What happens to keys and values after a step. */
export type CachePolicy =
  /** One pass: nothing follows it. */
  | { keep: false }
  /** Decoding; `capacity` is the most positions that there will be, with a prompt's padding. */
  | { keep: true; capacity: number };

/**
 * Positions by which a past grows where the mask says how many of them count: its rows are moved once in so many steps, and
 * GroupQueryAttention clears and copies all of them at each.
 */
const GROWTH = 16;

/**
 * Keys and values of one block for one batch.
 *
 * The runtime copies every output into memory of JavaScript's, also one that it wrote into a given tensor: a whole present at each step, written
 * in place, made a step of eight lanes at 128 positions 1.5 times as long. So a block gives out only the rows that the step added, and they are
 * written into the past here. On a device of its own each step's present is the next step's past.
 */
export class KvCache {
  private readonly layers: readonly KvInterface[];
  private readonly rows: readonly CacheRows[];
  private readonly lanes: number;
  private readonly policy: CachePolicy;
  /** Whether a lane's rows lie at their positions, and the past may be longer; else at the columns of the steps, and it is as long as they. */
  private readonly byPosition: boolean;
  /** What the block is fed, by input name. */
  private readonly inputs: Record<string, Tensor> = {};
  /** By input name: the memory of a past whose rows are written here, for as many positions as there will be. */
  private readonly memory = new Map<string, Float32Array | Uint16Array>();
  /** Positions of every past, where rows are written here. */
  private capacity = 0;

  constructor(
    layers: readonly KvInterface[],
    rows: readonly CacheRows[],
    lanes: number,
    style: KvStyle,
    policy: CachePolicy,
  ) {
    this.layers = layers;
    this.rows = rows;
    this.lanes = lanes;
    this.policy = policy;
    this.byPosition = style === "group-query";
    for (const { pastKey, pastValue, heads, headDim, type } of layers) {
      for (const name of [pastKey, pastValue]) this.inputs[name] = zeros(type, [lanes, heads, 0, headDim]);
    }
  }

  /** The past of this step, and which rows it is to give out, by input name; valid until the next step. */
  feeds(step: Step): Readonly<Record<string, Tensor>> {
    const columns = this.policy.keep ? step.columns : 0;
    for (const { indices, heads } of this.rows) {
      const dims = [this.lanes, heads, columns, 3];
      this.inputs[indices] = integers(places(this.starts(step), heads, columns), dims, "int64");
    }
    return this.inputs;
  }

  /** Names of the outputs that go on into the next step. */
  fetches(): string[] {
    if (!this.policy.keep) return [];
    if (this.rows.length > 0) return this.rows.map(({ rows }) => rows);
    return this.layers.flatMap(({ presentKey, presentValue }) => [presentKey, presentValue]);
  }

  /** Takes over what a step adds, or frees it after a single pass. */
  update(outputs: Readonly<Record<string, Tensor>>, step: Step): void {
    if (this.rows.length > 0) {
      if (this.policy.keep) this.store(outputs, step, this.policy.capacity);
      return;
    }
    for (const { pastKey, pastValue, presentKey, presentValue } of this.layers) {
      this.handOn(pastKey, outputs[presentKey]);
      this.handOn(pastValue, outputs[presentValue]);
    }
  }

  dispose(): void {
    for (const tensor of Object.values(this.inputs)) release(tensor);
    this.memory.clear();
  }

  private handOn(past: string, present: Tensor | undefined): void {
    if (present === undefined) return;
    if (!this.policy.keep) {
      release(present);
      return;
    }
    release(this.inputs[past]);
    this.inputs[past] = present;
  }

  /** By lane: where the first row of a step lies in the past. */
  private starts({ firstPositions }: Step): readonly number[] {
    return this.byPosition ? firstPositions : firstPositions.map(() => this.capacity);
  }

  /** Writes a step's rows into the pasts. */
  private store(outputs: Readonly<Record<string, Tensor>>, step: Step, most: number): void {
    const { columns } = step;
    const starts = this.starts(step);
    const reached = Math.max(...starts) + columns;
    const roomy = this.byPosition ? Math.max(reached, Math.min(most, reached + GROWTH)) : reached;
    const capacity = reached <= this.capacity ? this.capacity : roomy;
    for (const { rows, pasts, heads, headDim, type } of this.rows) {
      const added = bitsOf(outputs[rows] as Tensor);
      const size = this.lanes * heads * columns * headDim;
      for (const [index, past] of pasts.entries()) {
        const memory =
          this.memory.get(past) ?? bitsOf(zeros(type, [this.lanes, heads, Math.max(most, capacity), headDim]));
        this.memory.set(past, memory);
        if (capacity > this.capacity) {
          moveApart(memory, this.lanes * heads, this.capacity * headDim, capacity * headDim);
          this.inputs[past] = fromBits(type, memory, [this.lanes, heads, capacity, headDim]);
        }
        const own = added.subarray(index * size, (index + 1) * size);
        writeRows(own, memory, { starts, heads, columns, capacity, headDim });
      }
    }
    this.capacity = capacity;
  }
}

/** (lane, head, place) of each row that a step adds, `[lanes, heads, columns, 3]`. */
function places(starts: readonly number[], heads: number, columns: number): Uint32Array {
  const indices = new Uint32Array(starts.length * heads * columns * 3);
  let at = 0;
  for (const [lane, start] of starts.entries()) {
    for (let head = 0; head < heads; head++) {
      for (let column = 0; column < columns; column++) {
        indices[at++] = lane;
        indices[at++] = head;
        indices[at++] = start + column;
      }
    }
  }
  return indices;
}

/** Moves rows of `before` numbers that lie one after the other apart, so that each has room for `after`. */
function moveApart(memory: Float32Array | Uint16Array, rows: number, before: number, after: number): void {
  for (let row = rows - 1; row > 0; row--) memory.copyWithin(row * after, row * before, (row + 1) * before);
}

interface Placing {
  /** By lane: the place of its first row. */
  starts: readonly number[];
  heads: number;
  columns: number;
  capacity: number;
  headDim: number;
}

/** Writes `[lanes, heads, columns, headDim]` into `[lanes, heads, capacity, headDim]`. */
function writeRows(from: Float32Array | Uint16Array, into: Float32Array | Uint16Array, placing: Placing): void {
  const { starts, heads, columns, capacity, headDim } = placing;
  const length = columns * headDim;
  for (const [lane, start] of starts.entries()) {
    for (let head = 0; head < heads; head++) {
      const row = lane * heads + head;
      into.set(from.subarray(row * length, (row + 1) * length), (row * capacity + start) * headDim);
    }
  }
}

function release(tensor: Tensor | undefined): void {
  if (tensor?.location === "gpu-buffer") tensor.dispose();
}
