import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { FloatType } from "../cut/block.ts";
import type { StreamPlace } from "../find/residual-stream.ts";
import { floatAttribute, type GraphNode, rewired } from "../read/graph-node.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import type { GraphPatch } from "./graph-patch.ts";
import { addBank, type SlotBank } from "./slot-bank.ts";

/** A place of the stream as it lies in a block. */
export interface PlaceInBlock {
  place: StreamPlace;
  /** `begin`: the value comes in as the graph input `entry`; `end`: nothing of the block reads it. */
  position: "begin" | "inner" | "end";
  entry?: string;
  /** The node of the whole graph that produces the value; absent where it comes in. */
  producer?: GraphNode;
  type: FloatType;
}

/** What is asked of the hook points at one place, in stream order. */
export interface PlaceHook {
  at: HookPoint;
  bank?: SlotBank;
  /** Name of the captured output. */
  capture?: string;
}

/**
 * Puts slot banks and captures into a place of the residual stream. The value keeps its name, so that every reader sees the edits.
 *
 * A fused norm stays fused: in float32 it is given the two terms of the edited stream to add, in float16 `skip + (x' - x)` for skip, which
 * leaves it exactly as it was where nothing is edited.
 */
export function splicePlace(
  patch: GraphPatch,
  where: PlaceInBlock,
  hooks: readonly PlaceHook[],
  indices: string,
): void {
  const { place, position, type } = where;
  const banks = hooks.flatMap((hook) => (hook.bank ? [hook.bank] : []));
  const fused = position === "end" ? undefined : place.fused;
  const source = sourceOf(patch, where, banks.length > 0);
  if (banks.length === 0) {
    settle(patch, where, source);
  }
  let value = banks.length === 0 ? place.value : source;
  let narrow = type === "float16";
  for (const { at, bank, capture } of hooks) {
    if (bank) {
      const x = narrow ? asFloat32(patch, value, `refract/${at}/x`) : value;
      const { kept, added } = addBank(patch, bank, x);
      const last = bank === banks.at(-1);
      let edited: string;
      if (last && fused !== undefined && type === "float32") {
        patch.put(withTerms(fused, place.value, kept, added));
        edited = place.value;
      } else {
        edited = patch.node("Add", [kept, added], last && type === "float32" ? place.value : `refract/${at}/edited`);
      }
      if (bank.change !== undefined) {
        patch.length(patch.node("Sub", [edited, x], `refract/${at}/difference`), bank.change);
      }
      narrow = last && type === "float16";
      value = narrow ? finishFloat16(patch, where, source, edited) : edited;
    }
    if (capture !== undefined) {
      addCapture(patch, value, indices, capture, narrow);
    }
  }
}

/** The value before any edit, under another name than the place's where banks follow. */
function sourceOf(patch: GraphPatch, where: PlaceInBlock, edited: boolean): string {
  const { place, position, entry, producer } = where;
  if (position === "begin" && entry !== undefined) {
    return entry;
  }
  if (place.fused !== undefined) {
    return edited || position === "end" ? unfusedSum(patch, place.fused, place.value, edited) : place.value;
  }
  if (!edited || producer === undefined) {
    return place.value;
  }
  const renamed = `${place.value}/unedited`;
  const outputs = producer.outputs.map((output) => (output === place.value ? renamed : output));
  patch.put(rewired(producer, { outputs }));
  return renamed;
}

/** What a place without edits still needs: the entry under the value's name, a norm without its addition, or a sum that the norm gives out. */
function settle(patch: GraphPatch, where: PlaceInBlock, source: string): void {
  const { place, position, entry } = where;
  if (position === "begin" && entry !== undefined) {
    patch.node("Identity", [source], place.value);
    if (place.fused !== undefined) {
      patch.put(withoutAddition(place.fused, place.value));
    }
  } else if (place.fused !== undefined && position === "inner" && place.fused.outputs[3] !== place.value) {
    patch.put(withSum(place.fused, place.value));
  }
}

/** `input + skip (+ bias)` as plain additions. */
function unfusedSum(patch: GraphPatch, node: GraphNode, value: string, edited: boolean): string {
  const [input = "", skip = ""] = node.inputs;
  const bias = node.inputs[biasInput(node)];
  const sum = edited ? `${value}/unedited` : value;
  if (bias === undefined || bias === "") {
    return patch.node("Add", [input, skip], sum);
  }
  return patch.node("Add", [patch.node("Add", [input, skip], `${value}/unbiased`), bias], sum);
}

function biasInput(node: GraphNode): number {
  return node.opType === "SkipSimplifiedLayerNormalization" ? 3 : 4;
}

function withSum(node: GraphNode, sum: string): GraphNode {
  return rewired(node, { outputs: [node.outputs[0] ?? "", node.outputs[1] ?? "", node.outputs[2] ?? "", sum] });
}

/** The fused node adding two other terms; the bias is in them already. */
function withTerms(node: GraphNode, sum: string, input: string, skip: string): GraphNode {
  return rewired(withSum(node, sum), { inputs: [input, skip, ...node.inputs.slice(2, biasInput(node))] });
}

/** The norm alone, for a value that is the sum already. */
function withoutAddition(node: GraphNode, value: string): GraphNode {
  const simplified = node.opType === "SkipSimplifiedLayerNormalization";
  // the fused operator's default differs from the plain one's
  const epsilon = floatAttribute(node, "epsilon") ?? 1e-12;
  return rewired(node, {
    opType: simplified ? "SimplifiedLayerNormalization" : "LayerNormalization",
    domain: "",
    inputs: [value, ...node.inputs.slice(2, biasInput(node)).filter((name) => name !== "")],
    outputs: [node.outputs[0] ?? ""],
    drop: ["epsilon"],
    add: { axis: -1, stash_type: 1, epsilon: { float: epsilon } },
  });
}

/** Brings an edited float32 stream back into a float16 graph. */
function finishFloat16(patch: GraphPatch, where: PlaceInBlock, source: string, edited: string): string {
  const { place, position } = where;
  const { fused } = place;
  if (fused === undefined || position !== "inner") {
    const value = patch.node("Cast", [edited], place.value, { to: ELEMENT.float16 });
    if (fused !== undefined && position === "begin") {
      patch.put(withoutAddition(fused, value));
    }
    return value;
  }
  const prefix = `${place.value}/refract`;
  const before = asFloat32(patch, source, `${prefix}/before`);
  const difference = patch.node("Sub", [edited, before], `${prefix}/difference`);
  const skip = asFloat32(patch, fused.inputs[1] ?? "", `${prefix}/skip`);
  const changed = patch.node("Add", [skip, difference], `${prefix}/changed`);
  const narrow = patch.node("Cast", [changed], `${prefix}/narrow`, { to: ELEMENT.float16 });
  const inputs = fused.inputs.map((input, index) => (index === 1 ? narrow : input));
  patch.put(rewired(withSum(fused, place.value), { inputs }));
  return place.value;
}

function asFloat32(patch: GraphPatch, value: string, name: string): string {
  return patch.node("Cast", [value], name, { to: ELEMENT.float32 });
}

function addCapture(patch: GraphPatch, value: string, indices: string, output: string, narrow: boolean): void {
  if (narrow) {
    asFloat32(patch, patch.node("GatherND", [value, indices], `${output}/narrow`), output);
  } else {
    patch.node("GatherND", [value, indices], output);
  }
}
