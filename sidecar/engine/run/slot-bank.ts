import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { LaneEdits, SlotRow } from "../../../shared/engine/slot-row.ts";
import type { SlotForm } from "../cut/block.ts";
import { NEVER, type SlotColumn, slotColumn } from "../splice/slot-column.ts";
import { positionOf, type Step } from "./step.ts";
import { touches } from "./touches.ts";

/** One lane's use of one row of a bank. */
export interface BankEntry {
  lane: number;
  /** Index of the hook point in the bank. */
  hook: number;
  /** Index of the row at its hook point. */
  k: number;
  row: SlotRow;
}

/**
 * The rows of several hook points as packed tensors: `u` `[H, dModel, K]`, `v` `[H, K, dModel]`, `shift` `[H K]`.
 * Rows that lanes share (the same arrays and numbers) take one place; K is at least 1, and places left over do nothing.
 */
export interface SlotBank {
  points: readonly HookPoint[];
  rows: number;
  u: Float32Array;
  v: Float32Array;
  shift: Float32Array;
  /** By place `[H K]`; `null` where nothing is. */
  columns: (SlotColumn | null)[];
  entries: BankEntry[];
}

/** Packs what the lanes' edits do at `points`, for banks of a form. */
export function makeSlotBank(
  points: readonly HookPoint[],
  lanes: readonly LaneEdits[],
  dModel: number,
  form: SlotForm = "general",
): SlotBank {
  const entries: BankEntry[] = [];
  const unique = points.map(() => new UniqueRows());
  const hookOf = new Map(points.map((point, hook) => [point, hook]));
  for (const [lane, edits] of lanes.entries()) {
    for (const row of edits.rows) {
      const hook = hookOf.get(row.at);
      if (hook === undefined) continue;
      const k = (unique[hook] as UniqueRows).place(row, lane);
      entries.push({ lane, hook, k, row });
    }
  }
  const rows = Math.max(1, ...unique.map((here) => here.rows.length));
  const u = new Float32Array(points.length * dModel * rows);
  const v = new Float32Array(points.length * rows * dModel);
  const shift = new Float32Array(points.length * rows);
  const columns = new Array<SlotColumn | null>(points.length * rows).fill(null);
  for (const [hook, here] of unique.entries()) {
    for (const [k, row] of here.rows.entries()) {
      const column = slotColumn(row);
      const place = hook * rows + k;
      columns[place] = column;
      shift[place] = form === "general" ? column.shift : column.linearShift;
      v.set(column.v, place * dModel);
      if (column.u === null) continue;
      for (let i = 0; i < dModel; i++) u[(hook * dModel + i) * rows + k] = column.u[i] as number;
    }
  }
  return { points, rows, u, v, shift, columns, entries };
}

/** The distinct rows at one hook point. A lane that has the same row twice gets two places: both are to be added. */
class UniqueRows {
  readonly rows: SlotRow[] = [];
  private readonly byWritten = new Map<Float32Array, number[]>();
  private readonly taken = new Set<string>();

  place(row: SlotRow, lane: number): number {
    const candidates = this.byWritten.get(row.v) ?? [];
    const shared = candidates.find((k) => sameRow(this.rows[k] as SlotRow, row) && !this.taken.has(`${lane} ${k}`));
    const k = shared ?? this.rows.push(row) - 1;
    if (shared === undefined) this.byWritten.set(row.v, [...candidates, k]);
    this.taken.add(`${lane} ${k}`);
    return k;
  }
}

function sameRow(a: SlotRow, b: SlotRow): boolean {
  const numbers = a.b === b.b && a.theta === b.theta && a.c === b.c && a.g === b.g;
  return a.u === b.u && numbers && a.norm === b.norm && a.rank === b.rank;
}

/** Fills `mask`, `[lanes, columns, H K]`, with 1 where the bank's rows touch at one step. */
export function fillMask(bank: SlotBank, step: Step, mask: Float32Array): void {
  mask.fill(0);
  eachTouched(bank, step, (at) => {
    mask[at] = 1;
  });
}

/** Fills `threshold` and `rest`, each `[lanes, columns, H K]`, with where the bank's rows touch at one step. */
export function fillTouched(bank: SlotBank, step: Step, threshold: Float32Array, rest: Float32Array): void {
  threshold.fill(NEVER);
  rest.fill(0);
  eachTouched(bank, step, (at, column) => {
    threshold[at] = column.threshold;
    rest[at] = column.rest;
  });
}

function eachTouched(bank: SlotBank, step: Step, touched: (at: number, column: SlotColumn) => void): void {
  const places = bank.points.length * bank.rows;
  for (const { lane, hook, k, row } of bank.entries) {
    const place = hook * bank.rows + k;
    const column = bank.columns[place];
    if (column === null || column === undefined) continue;
    for (let c = 0; c < step.columns; c++) {
      const position = positionOf(step, lane, c);
      if (position < 0 || !touches(row.positions, position, step.prompts[lane] as number)) continue;
      touched((lane * step.columns + c) * places + place, column);
    }
  }
}
