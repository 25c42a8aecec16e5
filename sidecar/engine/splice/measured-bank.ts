import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { MeasuredSlots } from "../cut/block.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import type { GraphPatch } from "./graph-patch.ts";
import type { EditedTerms, SlotBank } from "./slot-bank.ts";

const { float32, int64 } = ELEMENT;

/** Declares the inputs and outputs of a dictionary's bank whose rows may read in the measure of each x, or be ranked against each other. */
export function measuredBank(
  patch: GraphPatch,
  at: HookPoint,
  dModel: number,
): { names: MeasuredSlots; bank: SlotBank } {
  const prefix = `refract/${at}/measured`;
  const rows = `${at}_rows`;
  const row = ["lanes", "positions", 1];
  const each = ["lanes", "positions", rows];
  const numbers = (name: string) => patch.input(`${prefix}/${name}`, float32, [rows]);
  const names: MeasuredSlots = {
    at,
    u: patch.input(`${prefix}/u`, float32, [dModel, rows]),
    v: patch.input(`${prefix}/v`, float32, [rows, dModel]),
    b: numbers("b"),
    theta: numbers("theta"),
    c: numbers("c"),
    g: numbers("g"),
    plain: numbers("plain"),
    deviation: numbers("deviation"),
    length: numbers("length"),
    epsilon: numbers("epsilon"),
    exempt: numbers("exempt"),
    average: patch.input(`${prefix}/average`, float32, [dModel, 1]),
    unbiased: patch.input(`${prefix}/unbiased`, float32, [1]),
    mask: patch.input(`${prefix}/mask`, float32, each),
    barrier: patch.input(`${prefix}/barrier`, float32, each),
    largest: patch.input(`${prefix}/largest`, int64, [1]),
    place: patch.input(`${prefix}/place`, int64, row),
    keep: patch.input(`${prefix}/keep`, float32, row),
    norm: patch.output(`${prefix}/norm`, float32, row),
    change: patch.output(`${prefix}/change`, float32, row),
  };
  const { u, v, mask, keep, norm, change } = names;
  const none = { shift: undefined, threshold: undefined, rest: undefined };
  return {
    names,
    bank: { at, u, v, mask, keep, norm, change, ...none, coefficients: `${prefix}/coefficients`, measured: names },
  };
}

/** Adds a measured bank that reads the float32 value `x`; see `MeasuredSlots` for what it computes. */
export function addMeasuredBank(patch: GraphPatch, names: MeasuredSlots, x: string): EditedTerms {
  const prefix = `refract/${names.at}/measured`;
  let count = 0;
  const node = (op: string, inputs: string[], attributes = {}) => {
    count += 1;
    return patch.node(op, inputs, `${prefix}/${op}_${count}`, attributes);
  };
  const length = patch.length(x, names.norm);
  const centred = node("Sub", [x, node("MatMul", [x, names.average])]);
  const deviation = node("Mul", [patch.length(centred, `${prefix}/centred_length`), names.unbiased]);
  const own = node("Add", [node("Mul", [deviation, names.deviation]), node("Mul", [length, names.length])]);
  const n = node("Add", [own, names.plain]);
  const y = node("Div", [node("MatMul", [x, names.u]), node("Add", [n, names.epsilon])]);
  const z = node("Add", [y, names.b]);
  const largest = `${prefix}/largest_values`;
  const ranked = node("Add", [z, names.barrier]);
  patch.many("TopK", [ranked, names.largest], [largest, `${prefix}/largest_rows`], { axis: -1 });
  const least = node("GatherElements", [largest, names.place], { axis: 2 });
  const among = node("Not", [node("Less", [node("Add", [z, names.exempt]), least])]);
  const fires = node("And", [node("Greater", [z, names.theta]), among]);
  const f = node("Mul", [z, node("Cast", [fires], { to: float32 })]);
  const amount = node("Add", [node("Mul", [f, names.g]), names.c]);
  const coefficients = node("Mul", [node("Mul", [amount, n]), names.mask]);
  return { added: node("MatMul", [coefficients, names.v]), kept: node("Mul", [x, names.keep]) };
}
