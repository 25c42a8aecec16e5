import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { FloatType } from "../cut/block.ts";
import type { StreamPlace } from "../find/residual-stream.ts";
import { type GraphNode, rewired } from "../read/graph-node.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import { asFloat16, asFloat32, plainSum, putAsTerms, withSkip, withSum, withTerms } from "./fused-norm.ts";
import type { GraphPatch } from "./graph-patch.ts";
import { addBank, type SlotBank } from "./slot-bank.ts";

/** A place of the stream as it lies in a block. */
export interface PlaceInBlock {
  place: StreamPlace;
  /** `begin`: the value comes in as the graph input `entry`; `end`: it goes out as `exit`, and nothing of the block reads it. */
  position: "begin" | "inner" | "end";
  entry: string;
  /** The node of the whole graph that produces the value. */
  producer: GraphNode | undefined;
  /** The value's type in the whole graph. */
  type: FloatType;
}

/** What is asked of the hook points at one place, in stream order. */
export interface PlaceHook {
  at: HookPoint;
  bank: SlotBank | undefined;
  /** Name of the captured output. */
  capture: string | undefined;
}

/** The name under which the stream leaves a block, always in float32: a float16 graph's sums go over as they were before rounding. */
export function boundaryName(place: StreamPlace, type: FloatType): string {
  return type === "float16" ? `${place.value}/wide` : place.value;
}

/** A value on its way through the banks; `narrow` where it is float16. */
interface Flow {
  value: string;
  narrow: boolean;
}

/**
 * Puts slot banks and captures into a place of the residual stream. The value keeps its name, so that every reader sees the edits.
 *
 * A fused norm stays fused inside a block: in float32 it is given the two terms of the edited stream to add, in float16 `skip + (x' - x)` for
 * skip, which leaves it exactly as it was where nothing is edited. Between blocks the sum is made before, and the norm reads it after.
 */
export function splicePlace(
  patch: GraphPatch,
  where: PlaceInBlock,
  hooks: readonly PlaceHook[],
  indices: string,
): void {
  const { type } = where;
  const banks = hooks.flatMap((hook) => (hook.bank ? [hook.bank] : []));
  const unedited = source(patch, where, banks.length > 0);
  let flow = banks.length === 0 ? finish(patch, where, unedited, unedited) : unedited;
  for (const { at, bank, capture } of hooks) {
    if (bank) {
      const x = flow.narrow ? asFloat32(patch, flow.value, `refract/${at}/x`) : flow.value;
      const last = bank === banks.at(-1);
      const edited = last ? editedName(where, at) : `refract/${at}/edited`;
      const { kept, added } = addBank(patch, bank, x);
      const adder = last ? fusedAdder(where) : undefined;
      if (adder) {
        patch.put(withTerms(adder, edited, kept, added));
      } else {
        patch.node("Add", [kept, added], edited);
      }
      if (bank.change !== undefined) {
        patch.length(patch.node("Sub", [edited, x], `refract/${at}/difference`), bank.change);
      }
      flow = { value: edited, narrow: false };
      flow = last ? finish(patch, where, flow, unedited) : flow;
    }
    if (capture !== undefined) {
      addCapture(patch, flow, indices, capture, type === "float16");
    }
  }
}

/** The fused norm that the last addition of the edited stream is left to. */
function fusedAdder({ place, position, type }: PlaceInBlock): GraphNode | undefined {
  return position !== "end" && type === "float32" ? place.fused : undefined;
}

/** The name of the edited stream: the one that it is to end under, where no cast comes after. */
function editedName({ place, position, type }: PlaceInBlock, at: HookPoint): string {
  if (position === "end") {
    return boundaryName(place, type);
  }
  return type === "float32" ? place.value : `refract/${at}/edited`;
}

/** The value before any edit; under another name than the place's where banks follow. */
function source(patch: GraphPatch, where: PlaceInBlock, edited: boolean): Flow {
  const { place, position, entry, producer, type } = where;
  const narrow = type === "float16";
  const unedited = `${place.value}/unedited`;
  if (position === "begin") {
    return { value: entry, narrow: false };
  }
  if (place.fused !== undefined && position === "end") {
    return {
      value: plainSum(patch, place.fused, edited ? unedited : boundaryName(place, type), narrow),
      narrow: false,
    };
  }
  if (place.fused !== undefined && edited) {
    return { value: plainSum(patch, place.fused, unedited, false), narrow };
  }
  if (!edited || producer === undefined) {
    return { value: place.value, narrow };
  }
  const outputs = producer.outputs.map((output) => (output === place.value ? unedited : output));
  patch.put(rewired(producer, { outputs }));
  return { value: unedited, narrow };
}

/** Brings the stream back under the name and type that its readers or the next block expect, and gives a fused norm what it reads. */
function finish(patch: GraphPatch, where: PlaceInBlock, flow: Flow, unedited: Flow): Flow {
  const { place, position, type } = where;
  const narrow = type === "float16";
  if (position === "end") {
    return named(patch, flow, boundaryName(place, type), false);
  }
  if (place.fused === undefined) {
    return named(patch, flow, place.value, narrow);
  }
  if (position === "begin") {
    if (flow === unedited || narrow) {
      putAsTerms(patch, place.fused, flow.value, place.value, narrow);
    }
    return flow;
  }
  if (flow === unedited) {
    if (place.fused.outputs[3] !== place.value) {
      patch.put(withSum(place.fused, place.value));
    }
  } else if (narrow) {
    const prefix = `${place.value}/refract`;
    const before = asFloat32(patch, unedited.value, `${prefix}/before`);
    const difference = patch.node("Sub", [flow.value, before], `${prefix}/difference`);
    const skip = asFloat32(patch, place.fused.inputs[1] ?? "", `${prefix}/skip`);
    const changed = patch.node("Add", [skip, difference], `${prefix}/changed`);
    patch.put(withSkip(place.fused, place.value, asFloat16(patch, changed, `${prefix}/narrow`)));
  }
  return { value: place.value, narrow };
}

/** The flow under a name and in a type. */
function named(patch: GraphPatch, flow: Flow, name: string, narrow: boolean): Flow {
  if (flow.narrow && !narrow) {
    asFloat32(patch, flow.value, name);
  } else if (!flow.narrow && narrow) {
    asFloat16(patch, flow.value, name);
  } else if (flow.value !== name) {
    patch.node("Identity", [flow.value], name);
  }
  return { value: name, narrow };
}

/** Captures as the graph's own type has it, so that a float16 stream that overflows shows. */
function addCapture(patch: GraphPatch, flow: Flow, indices: string, output: string, narrow: boolean): void {
  if (!narrow) {
    patch.node("GatherND", [flow.value, indices], output);
    return;
  }
  const rows = patch.node("GatherND", [flow.value, indices], `${output}/rows`);
  const rounded = flow.narrow ? rows : patch.node("Cast", [rows], `${output}/rounded`, { to: ELEMENT.float16 });
  asFloat32(patch, rounded, output);
}
