import type { Tensor } from "onnxruntime-node";
import type { LaneEdits } from "../../../shared/engine/slot-row.ts";
import type { BuiltBlock } from "./block-session.ts";
import { type DictionaryBank, fillDictionaryMask, makeDictionaryBank } from "./dictionary-bank.ts";
import { type EditReports, reportGroups } from "./edit-reports.ts";
import { type MeasuredRows, makeMeasuredRows, measuredFeeds } from "./measured-rows.ts";
import { fillMask, fillTouched, makeSlotBank, type SlotBank } from "./slot-bank.ts";
import type { Step } from "./step.ts";
import { asFloat32, float32 } from "./tensors.ts";

type Feeds = Record<string, Tensor>;

interface Buffers {
  columns: number;
  first: Float32Array;
  second: Float32Array;
}

/** The banks of one block for the lanes of one batch: what is fed at every step, and what is read from it for the reports. */
export class LaneBanks {
  private readonly built: BuiltBlock;
  private readonly lanes: number;
  private readonly packed: SlotBank | null;
  private readonly groups: ReturnType<typeof reportGroups>;
  private readonly dictionaries: DictionaryBank[];
  private readonly measured: MeasuredRows[];
  private readonly fixed: Feeds;
  private readonly buffers = new Map<string, Buffers>();

  constructor(built: BuiltBlock, edits: readonly LaneEdits[], dModel: number) {
    this.built = built;
    this.lanes = edits.length;
    const { slots, dictionaries, measured } = built.graph;
    this.packed = slots === undefined ? null : makeSlotBank(built.slots, edits, dModel, built.form);
    this.groups = this.packed === null ? [] : reportGroups(this.packed, dModel);
    this.dictionaries = dictionaries.map(({ at }) => makeDictionaryBank(at, edits, dModel));
    this.measured = measured.map((names) => makeMeasuredRows(names, edits, dModel));
    this.fixed = this.fixedFeeds(dModel);
  }

  /** Feeds of the block's banks for one step. */
  feeds(step: Step): Feeds {
    const feeds: Feeds = { ...this.fixed };
    const { slots, dictionaries } = this.built.graph;
    if (slots !== undefined && this.packed !== null) {
      const places = this.packed.points.length * this.packed.rows;
      const { first, second } = this.buffer("slots", step.columns, places, places);
      const dims = [this.lanes, step.columns, places];
      if (slots.mask !== undefined) {
        fillMask(this.packed, step, first);
        feeds[slots.mask] = float32(first, dims);
      } else if (slots.threshold !== undefined && slots.rest !== undefined) {
        fillTouched(this.packed, step, first, second);
        feeds[slots.threshold] = float32(first, dims);
        feeds[slots.rest] = float32(second, dims);
      }
    }
    for (const [i, names] of dictionaries.entries()) {
      const dictionary = this.dictionaries[i] as DictionaryBank;
      const { first, second } = this.buffer(names.at, step.columns, dictionary.bank.rows, 1);
      fillDictionaryMask(dictionary, step, first, second);
      feeds[names.mask] = float32(first, [this.lanes, step.columns, dictionary.bank.rows]);
      feeds[names.keep] = float32(second, [this.lanes, step.columns, 1]);
    }
    for (const measured of this.measured) Object.assign(feeds, measuredFeeds(measured, step, this.lanes));
    return feeds;
  }

  /** Names of the outputs that the reports are made of; empty where no lane edits here. */
  reportOutputs(): string[] {
    const { slots, dictionaries, measured } = this.built.graph;
    const packed = slots !== undefined && this.groups.length > 0 ? [slots.norms, slots.coefficients] : [];
    return [...packed, ...[...dictionaries, ...measured].flatMap(({ norm, change }) => [norm, change])];
  }

  /** Reads one step's outputs into the reports. */
  report(reports: EditReports, step: Step, outputs: Readonly<Record<string, Tensor>>): void {
    const values = (name: string): Float32Array => asFloat32(outputs[name] as Tensor);
    const { slots, dictionaries } = this.built.graph;
    if (slots !== undefined && this.packed !== null && this.groups.length > 0) {
      reports.addPacked(this.groups, this.packed, step, values(slots.norms), values(slots.coefficients));
    }
    for (const [i, { norm, change }] of dictionaries.entries()) {
      reports.addDictionary(this.dictionaries[i] as DictionaryBank, step, values(norm), values(change));
    }
    for (const { names, bank } of this.measured) {
      reports.addDictionary(bank, step, values(names.norm), values(names.change));
    }
  }

  private fixedFeeds(dModel: number): Feeds {
    const feeds: Feeds = {};
    const { slots, dictionaries } = this.built.graph;
    if (slots !== undefined && this.packed !== null) {
      const { points, rows, u, v, shift } = this.packed;
      feeds[slots.u] = float32(u, [points.length, dModel, rows]);
      feeds[slots.v] = float32(v, [points.length, rows, dModel]);
      if (slots.shift !== undefined) feeds[slots.shift] = float32(shift, [points.length * rows]);
    }
    for (const [i, names] of dictionaries.entries()) {
      const { bank, threshold, rest } = this.dictionaries[i] as DictionaryBank;
      feeds[names.u] = float32(bank.u, [dModel, bank.rows]);
      feeds[names.v] = float32(bank.v, [bank.rows, dModel]);
      feeds[names.threshold] = float32(threshold, [bank.rows]);
      feeds[names.shift] = float32(bank.shift, [bank.rows]);
      feeds[names.rest] = float32(rest, [bank.rows]);
    }
    for (const { fixed } of this.measured) Object.assign(feeds, fixed);
    return feeds;
  }

  private buffer(name: string, columns: number, first: number, second: number): Buffers {
    const known = this.buffers.get(name);
    if (known !== undefined && known.columns === columns) return known;
    const size = this.lanes * columns;
    const made = { columns, first: new Float32Array(size * first), second: new Float32Array(size * second) };
    this.buffers.set(name, made);
    return made;
  }
}
