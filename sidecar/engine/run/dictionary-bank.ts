import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { LaneEdits, StreamDrop } from "../../../shared/engine/slot-row.ts";
import { makeSlotBank, type SlotBank } from "./slot-bank.ts";
import { positionOf, type Step } from "./step.ts";
import { touches } from "./touches.ts";

/** The rows of one hook point whose stream may be dropped: `u` `[dModel, K]`, `v` `[K, dModel]`; threshold, shift and rest `[K]`. */
export interface DictionaryBank {
  at: HookPoint;
  bank: SlotBank;
  threshold: Float32Array;
  rest: Float32Array;
  drops: { lane: number; drop: StreamDrop }[];
}

export function makeDictionaryBank(at: HookPoint, lanes: readonly LaneEdits[], dModel: number): DictionaryBank {
  const bank = makeSlotBank([at], lanes, dModel);
  const drops = lanes.flatMap((edits, lane) =>
    edits.drops.filter((drop) => drop.at === at).map((drop) => ({ lane, drop })),
  );
  return {
    at,
    bank,
    threshold: Float32Array.from(bank.columns, (column) => column?.threshold ?? 0),
    rest: Float32Array.from(bank.columns, (column) => column?.rest ?? 0),
    drops,
  };
}

/** Where rows touch (`mask` `[lanes, columns, K]`) and where the stream is kept (`keep` `[lanes, columns, 1]`) at one step. */
export function fillDictionaryMask(
  { bank, drops }: DictionaryBank,
  step: Step,
  mask: Float32Array,
  keep: Float32Array,
): void {
  mask.fill(0);
  keep.fill(1);
  const prompt = (lane: number): number => step.prompts[lane] as number;
  for (const { lane, drop } of drops) {
    for (let c = 0; c < step.columns; c++) {
      const position = positionOf(step, lane, c);
      if (position >= 0 && touches(drop.positions, position, prompt(lane))) keep[lane * step.columns + c] = 0;
    }
  }
  for (let c = 0; c < step.columns; c++) {
    for (const { lane, k, row } of bank.entries) {
      const position = positionOf(step, lane, c);
      if (position < 0 || !touches(row.positions, position, prompt(lane))) continue;
      mask[(lane * step.columns + c) * bank.rows + k] = 1;
    }
  }
}
