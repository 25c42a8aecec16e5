import type { Tensor } from "onnxruntime-node";
import type { LaneEdits, SlotRow } from "../../../shared/engine/slot-row.ts";
import type { MeasuredSlots } from "../cut/block.ts";
import { type DictionaryBank, fillDictionaryMask, makeDictionaryBank } from "./dictionary-bank.ts";
import type { Step } from "./step.ts";
import { float32, integers } from "./tensors.ts";

/** Further below than any activation, and finite: shaders may assume that there are no infinities. */
const FAR = 1e30;
/** A layer norm divides by the deviation plus this; see `Dictionary`. */
const EPSILON = 1e-5;

/** Whether a row needs a bank that knows norms and ranks. */
export function isMeasured({ norm, rank }: SlotRow): boolean {
  return norm !== undefined || rank !== undefined;
}

/** The rows of one hook point in the numbers of `MeasuredSlots`. */
export interface MeasuredRows {
  names: MeasuredSlots;
  bank: DictionaryBank;
  /** By lane: how many of the largest are kept; 0 where no row is ranked. */
  ranks: readonly number[];
  /** Feeds that are the same at every step. */
  fixed: Readonly<Record<string, Tensor>>;
}

/** Packs what the lanes' edits do at a measured hook point. */
export function makeMeasuredRows(names: MeasuredSlots, lanes: readonly LaneEdits[], dModel: number): MeasuredRows {
  const bank = makeDictionaryBank(names.at, lanes, dModel);
  const count = bank.bank.rows;
  const rows = new Array<SlotRow | undefined>(count);
  for (const { k, row } of bank.bank.entries) rows[k] = row;
  const u = new Float32Array(dModel * count);
  const v = new Float32Array(count * dModel);
  for (const [k, row] of rows.entries()) {
    if (row === undefined) continue;
    v.set(row.v, k * dModel);
    for (let i = 0; row.u !== null && i < dModel; i++) u[i * count + k] = row.u[i] as number;
  }
  const numbers = (of: (row: SlotRow) => number) =>
    float32(
      Float32Array.from({ length: count }, (_, k) => {
        const row = rows[k];
        return row === undefined ? 0 : of(row);
      }),
      [count],
    );
  const has = (kind: SlotRow["norm"]) => numbers(({ norm }) => (norm === kind ? 1 : 0));
  const ranks = lanes.map((_, lane) => rankOf(bank, lane));
  return {
    names,
    bank,
    ranks,
    fixed: {
      [names.u]: float32(u, [dModel, count]),
      [names.v]: float32(v, [count, dModel]),
      [names.b]: numbers(({ b }) => b),
      [names.theta]: numbers(({ theta }) => Math.max(-FAR, theta)),
      [names.c]: numbers(({ c }) => c),
      [names.g]: numbers(({ g }) => g),
      // Places without a row divide by 1 as well.
      [names.plain]: float32(
        Float32Array.from({ length: count }, (_, k) => (rows[k]?.norm === undefined ? 1 : 0)),
        [count],
      ),
      [names.deviation]: has("deviation"),
      [names.length]: has("length"),
      [names.epsilon]: numbers(({ norm }) => (norm === "deviation" ? EPSILON : 0)),
      [names.exempt]: numbers(({ rank }) => (rank === undefined ? FAR : 0)),
      [names.average]: float32(new Float32Array(dModel).fill(1 / dModel), [dModel, 1]),
      [names.unbiased]: float32(Float32Array.of(1 / Math.sqrt(dModel - 1)), [1]),
      [names.largest]: integers([Math.max(1, ...ranks)], [1], "int64"),
    },
  };
}

/**
 * The k of a lane's ranked rows. Each edit brings every feature's row, so that with several edits of one dictionary each activation stands
 * there as often, and the k-th largest is found at k times as far down.
 */
function rankOf({ bank }: DictionaryBank, lane: number): number {
  const ranked = bank.entries.filter((entry) => entry.lane === lane && entry.row.rank !== undefined);
  const edits = new Set(ranked.map(({ row }) => row.edit));
  return (ranked[0]?.row.rank ?? 0) * Math.max(1, edits.size);
}

/** Feeds of one step. */
export function measuredFeeds({ names, bank, ranks }: MeasuredRows, step: Step, lanes: number): Record<string, Tensor> {
  const count = bank.bank.rows;
  const size = lanes * step.columns;
  const mask = new Float32Array(size * count);
  const keep = new Float32Array(size);
  fillDictionaryMask(bank, step, mask, keep);
  const barrier = new Float32Array(size * count).fill(-FAR);
  for (const { lane, k, row } of bank.bank.entries) {
    if (row.rank === undefined) continue;
    for (let c = 0; c < step.columns; c++) {
      const at = (lane * step.columns + c) * count + k;
      if (mask[at] === 1) barrier[at] = 0;
    }
  }
  const places = ranks.flatMap((rank) => new Array<number>(step.columns).fill(Math.max(0, rank - 1)));
  return {
    [names.mask]: float32(mask, [lanes, step.columns, count]),
    [names.barrier]: float32(barrier, [lanes, step.columns, count]),
    [names.keep]: float32(keep, [lanes, step.columns, 1]),
    [names.place]: integers(places, [lanes, step.columns, 1], "int64"),
  };
}
