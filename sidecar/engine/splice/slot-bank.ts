import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { DictionarySlots, PackedSlots } from "../cut/block.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import type { GraphPatch } from "./graph-patch.ts";

const { float32 } = ELEMENT;

/** One hook point's slot bank: the names of its numbers, all float32. */
export interface SlotBank {
  at: HookPoint;
  u: string;
  v: string;
  shift: string;
  threshold: string;
  rest: string;
  /** Packed banks have their masks in threshold and rest. */
  mask?: string;
  /** Absent where the stream is always kept. */
  keep?: string;
  /** Names that the outputs are to get; the packed ones are put together afterwards. */
  coefficients: string;
  norm: string;
  change?: string;
}

/** Declares the packed inputs of the hook points and splits them into one bank each. */
export function packedBanks(
  patch: GraphPatch,
  at: readonly HookPoint[],
  dModel: number,
): { names: PackedSlots; banks: SlotBank[] } {
  const count = at.length;
  const rows = count === 1 ? "slot_rows" : "hook_points_x_slot_rows";
  const names: PackedSlots = {
    u: patch.input("refract/slots/u", float32, [count, dModel, "slot_rows"]),
    v: patch.input("refract/slots/v", float32, [count, "slot_rows", dModel]),
    shift: patch.input("refract/slots/shift", float32, [rows]),
    threshold: patch.input("refract/slots/threshold", float32, ["lanes", "positions", rows]),
    rest: patch.input("refract/slots/rest", float32, ["lanes", "positions", rows]),
    norms: patch.output("refract/slots/norms", float32, ["lanes", "positions", count]),
    coefficients: patch.output("refract/slots/coefficients", float32, ["lanes", "positions", rows]),
  };
  const parts = {
    u: patch.split(names.u, 0, count),
    v: patch.split(names.v, 0, count),
    shift: patch.split(names.shift, 0, count),
    threshold: patch.split(names.threshold, 2, count),
    rest: patch.split(names.rest, 2, count),
  };
  const part = (of: readonly string[], index: number) => of[index] ?? "";
  const banks = at.map((hook, index) => ({
    at: hook,
    u: part(parts.u, index),
    v: part(parts.v, index),
    shift: part(parts.shift, index),
    threshold: part(parts.threshold, index),
    rest: part(parts.rest, index),
    coefficients: `refract/${hook}/coefficients`,
    norm: `refract/${hook}/norm`,
  }));
  for (const [output, own] of [
    [names.norms, banks.map((bank) => bank.norm)],
    [names.coefficients, banks.map((bank) => bank.coefficients)],
  ] as const) {
    patch.node("Concat", own, output, { axis: 2 });
  }
  return { names, banks };
}

/** Declares the inputs and outputs of a bank that can hold a whole dictionary and drop the stream. */
export function dictionaryBank(
  patch: GraphPatch,
  at: HookPoint,
  dModel: number,
): { names: DictionarySlots; bank: SlotBank } {
  const prefix = `refract/${at}/dictionary`;
  const row = ["lanes", "positions", 1];
  const names: DictionarySlots = {
    at,
    u: patch.input(`${prefix}/u`, float32, [dModel, `${at}_rows`]),
    v: patch.input(`${prefix}/v`, float32, [`${at}_rows`, dModel]),
    threshold: patch.input(`${prefix}/threshold`, float32, [`${at}_rows`]),
    shift: patch.input(`${prefix}/shift`, float32, [`${at}_rows`]),
    rest: patch.input(`${prefix}/rest`, float32, [`${at}_rows`]),
    mask: patch.input(`${prefix}/mask`, float32, ["lanes", "positions", `${at}_mask`]),
    keep: patch.input(`${prefix}/keep`, float32, row),
    norm: patch.output(`${prefix}/norm`, float32, row),
    change: patch.output(`${prefix}/change`, float32, row),
  };
  return { names, bank: { ...names, coefficients: `${prefix}/coefficients` } };
}

/** The two terms of the edited stream, whose sum is `kept + added`; both float32. */
export interface EditedTerms {
  kept: string;
  added: string;
}

/** Adds a bank that reads the float32 value `x`. */
export function addBank(patch: GraphPatch, bank: SlotBank, x: string): EditedTerms {
  const prefix = `refract/${bank.at}`;
  const y = patch.node("MatMul", [x, bank.u], `${prefix}/y`);
  const fires = patch.node("Greater", [y, bank.threshold], `${prefix}/fires`);
  const on = patch.node("Add", [y, bank.shift], `${prefix}/on`);
  const unmasked = bank.mask === undefined ? bank.coefficients : `${prefix}/unmasked`;
  patch.node("Where", [fires, on, bank.rest], unmasked);
  if (bank.mask !== undefined) {
    patch.node("Mul", [unmasked, bank.mask], bank.coefficients);
  }
  patch.length(x, bank.norm);
  return {
    added: patch.node("MatMul", [bank.coefficients, bank.v], `${prefix}/added`),
    kept: bank.keep === undefined ? x : patch.node("Mul", [x, bank.keep], `${prefix}/kept`),
  };
}
