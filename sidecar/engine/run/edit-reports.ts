import type { EditReport } from "../../../shared/engine/engine.ts";
import type { LaneEdits, SlotRow } from "../../../shared/engine/slot-row.ts";
import type { DictionaryBank } from "./dictionary-bank.ts";
import type { SlotBank } from "./slot-bank.ts";
import { positionOf, type Step } from "./step.ts";
import { touches } from "./touches.ts";

interface Sum {
  rows: number;
  change: number;
}

/** The rows that one edit of one lane has at one hook point of a bank. */
interface Group {
  lane: number;
  hook: number;
  edit: number;
  places: number[];
  rows: SlotRow[];
  /** `[rows, rows]`: dot products of what the rows write. */
  gram: Float64Array;
}

/** Adds up, over the steps of a batch, what each edit of each lane did. */
export class EditReports {
  private readonly sums: Sum[][];

  constructor(lanes: readonly LaneEdits[]) {
    this.sums = lanes.map(({ rows, drops }) => {
      const edits = Math.max(-1, ...[...rows, ...drops].map(({ edit }) => edit)) + 1;
      return Array.from({ length: edits }, () => ({ rows: 0, change: 0 }));
    });
  }

  /**
   * Adds a step of a packed bank. The change of an edit at a position is `Σ a_k v_k` over its rows, whose length follows from `a` and the rows'
   * dot products, so no activation has to leave the device.
   * @param norms `[lanes, columns, H]`. @param coefficients `[lanes, columns, H K]`.
   */
  addPacked(
    groups: readonly Group[],
    bank: SlotBank,
    step: Step,
    norms: Float32Array,
    coefficients: Float32Array,
  ): void {
    const hooks = bank.points.length;
    const places = hooks * bank.rows;
    for (const { lane, hook, edit, places: own, rows, gram } of groups) {
      for (let c = 0; c < step.columns; c++) {
        if (!anyTouches(rows, step, lane, c)) continue;
        const at = (lane * step.columns + c) * places;
        let square = 0;
        for (let i = 0; i < own.length; i++) {
          const a = coefficients[at + (own[i] as number)] as number;
          if (a === 0) continue;
          for (let j = 0; j < own.length; j++) {
            square += a * (coefficients[at + (own[j] as number)] as number) * (gram[i * own.length + j] as number);
          }
        }
        this.add(lane, edit, Math.sqrt(Math.max(0, square)), norms[(lane * step.columns + c) * hooks + hook] as number);
      }
    }
  }

  /** Adds a step of a dictionary's bank; every edit that touches a position there is given the whole change. Both `[lanes, columns]`. */
  addDictionary({ bank, drops }: DictionaryBank, step: Step, norms: Float32Array, changes: Float32Array): void {
    for (let lane = 0; lane < step.lengths.length; lane++) {
      const own = bank.entries.filter((entry) => entry.lane === lane).map(({ row }) => row);
      const dropped = drops.filter((entry) => entry.lane === lane).map(({ drop }) => drop);
      for (const edit of new Set([...own, ...dropped].map((part) => part.edit))) {
        const parts = [...own, ...dropped].filter((part) => part.edit === edit);
        for (let c = 0; c < step.columns; c++) {
          const at = lane * step.columns + c;
          if (anyTouches(parts, step, lane, c)) this.add(lane, edit, changes[at] as number, norms[at] as number);
        }
      }
    }
  }

  /** Counts what touched and could change nothing: a row per edit and hook point. */
  addRepeats(lane: number, rows: readonly SlotRow[], step: Step): void {
    for (const row of rows) {
      for (let c = 0; c < step.columns; c++) if (anyTouches([row], step, lane, c)) this.add(lane, row.edit, 0, 1);
    }
  }

  /** By lane, then by edit. */
  reports(): EditReport[][] {
    return this.sums.map((edits) =>
      edits.map(({ rows, change }, edit) => ({ edit, rows, relativeChange: rows === 0 ? 0 : change / rows })),
    );
  }

  private add(lane: number, edit: number, change: number, norm: number): void {
    const sum = this.sums[lane]?.[edit];
    if (sum === undefined) return;
    sum.rows += 1;
    sum.change += change === 0 ? 0 : change / norm;
  }
}

/** Groups a bank's entries by lane, hook point and edit. */
export function reportGroups(bank: SlotBank, dModel: number): Group[] {
  const groups = new Map<string, Group>();
  for (const { lane, hook, k, row } of bank.entries) {
    const key = `${lane} ${hook} ${row.edit}`;
    const group = groups.get(key) ?? { lane, hook, edit: row.edit, places: [], rows: [], gram: new Float64Array() };
    group.places.push(hook * bank.rows + k);
    group.rows.push(row);
    groups.set(key, group);
  }
  const dots = new Map<string, number>();
  for (const group of groups.values()) group.gram = gramOf(group.places, bank.v, dModel, dots);
  return [...groups.values()];
}

function gramOf(places: readonly number[], v: Float32Array, dModel: number, known: Map<string, number>): Float64Array {
  return Float64Array.from({ length: places.length ** 2 }, (_, index) => {
    const a = places[Math.floor(index / places.length)] as number;
    const b = places[index % places.length] as number;
    const key = a < b ? `${a} ${b}` : `${b} ${a}`;
    let sum = known.get(key);
    if (sum === undefined) {
      sum = 0;
      for (let i = 0; i < dModel; i++) sum += (v[a * dModel + i] as number) * (v[b * dModel + i] as number);
      known.set(key, sum);
    }
    return sum;
  });
}

function anyTouches(parts: readonly Pick<SlotRow, "positions">[], step: Step, lane: number, column: number): boolean {
  const position = positionOf(step, lane, column);
  if (position < 0) return false;
  const prompt = step.prompts[lane] as number;
  // The rows of one edit share its positions.
  return parts.length > 0 && touches((parts[0] as SlotRow).positions, position, prompt);
}
