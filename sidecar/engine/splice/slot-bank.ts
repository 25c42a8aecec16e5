import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { DictionarySlots, MeasuredSlots, PackedSlots, SlotForm } from "../cut/block.ts";
import { integerVector } from "../read/constant-tensor.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import type { GraphPatch } from "./graph-patch.ts";
import { addMeasuredBank } from "./measured-bank.ts";

const { float32 } = ELEMENT;

/** One hook point's slot bank: the names of its numbers, all float32; which there are says the form. */
export interface SlotBank {
  at: HookPoint;
  u: string;
  v: string;
  shift: string | undefined;
  threshold: string | undefined;
  rest: string | undefined;
  mask: string | undefined;
  /** Absent where the stream is always kept. */
  keep?: string;
  /** Names that the outputs are to get; the packed ones are put together afterwards. */
  coefficients: string;
  norm: string;
  change?: string;
  /** Of a bank whose rows may have a norm or a rank, which computes in another way. */
  measured?: MeasuredSlots;
}

/** Declares the packed inputs of the hook points and splits them into one bank each. */
export function packedBanks(
  patch: GraphPatch,
  at: readonly HookPoint[],
  form: SlotForm,
  dModel: number,
): { names: PackedSlots; banks: SlotBank[] } {
  const count = at.length;
  const rows = count === 1 ? "slot_rows" : "hook_points_x_slot_rows";
  const everywhere = ["lanes", "positions", rows];
  const byForm = {
    ...(form === "projection" || form === "everywhere"
      ? {}
      : { shift: patch.input("refract/slots/shift", float32, [rows]) }),
    ...(form === "general"
      ? {
          threshold: patch.input("refract/slots/threshold", float32, everywhere),
          rest: patch.input("refract/slots/rest", float32, everywhere),
        }
      : form === "everywhere"
        ? {}
        : { mask: patch.input("refract/slots/mask", float32, everywhere) }),
  };
  const names: PackedSlots = {
    u: patch.input("refract/slots/u", float32, [count, dModel, "slot_rows"]),
    v: patch.input("refract/slots/v", float32, [count, "slot_rows", dModel]),
    ...byForm,
    norms: patch.output("refract/slots/norms", float32, ["lanes", "positions", count]),
    coefficients: patch.output("refract/slots/coefficients", float32, everywhere),
  };
  const one = "refract/slots/one";
  patch.initializers.set(one, integerVector(one, [1]));
  const slotRows = "refract/slots/rows";
  patch.initializers.set("refract/slots/last", integerVector("refract/slots/last", [2]));
  patch.node("Gather", [patch.node("Shape", [names.u], `${slotRows}/shape`), "refract/slots/last"], slotRows, {
    axis: 0,
  });
  const split = (packed: string | undefined, axis: number, length: string) =>
    packed === undefined ? [] : patch.split(packed, axis, count, length);
  const parts = {
    u: split(names.u, 0, one),
    v: split(names.v, 0, one),
    shift: split(names.shift, 0, slotRows),
    threshold: split(names.threshold, 2, slotRows),
    rest: split(names.rest, 2, slotRows),
    mask: split(names.mask, 2, slotRows),
  };
  const banks: SlotBank[] = at.map((hook, index) => ({
    at: hook,
    u: parts.u[index] ?? "",
    v: parts.v[index] ?? "",
    shift: parts.shift[index],
    threshold: parts.threshold[index],
    rest: parts.rest[index],
    mask: parts.mask[index],
    coefficients: `refract/${hook}/coefficients`,
    norm: `refract/${hook}/norm`,
  }));
  for (const [output, own] of [
    [names.norms, banks.map((bank) => bank.norm)],
    [names.coefficients, banks.map((bank) => bank.coefficients)],
  ] as const) {
    patch.concat(own, 2, output);
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
  if (bank.measured !== undefined) return addMeasuredBank(patch, bank.measured, x);
  const prefix = `refract/${bank.at}`;
  const bare = bank.shift === undefined && bank.threshold === undefined && bank.mask === undefined;
  const y = patch.node("MatMul", [x, bank.u], bare ? bank.coefficients : `${prefix}/y`);
  const on = bank.shift === undefined ? y : patch.node("Add", [y, bank.shift], `${prefix}/on`);
  const masked = bank.mask !== undefined;
  let amount = on;
  if (bank.threshold !== undefined && bank.rest !== undefined) {
    const fires = patch.node("Greater", [y, bank.threshold], `${prefix}/fires`);
    amount = patch.node("Where", [fires, on, bank.rest], masked ? `${prefix}/unmasked` : bank.coefficients);
  }
  if (bank.mask !== undefined) {
    patch.node("Mul", [amount, bank.mask], bank.coefficients);
  }
  patch.length(x, bank.norm);
  return {
    added: patch.node("MatMul", [bank.coefficients, bank.v], `${prefix}/added`),
    kept: bank.keep === undefined ? x : patch.node("Mul", [x, bank.keep], `${prefix}/kept`),
  };
}
