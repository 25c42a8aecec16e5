import { type GraphNode, rewired } from "../read/graph-node.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import type { GraphPatch } from "./graph-patch.ts";

/*
 * Skip(Simplified)LayerNormalization: inputs input, skip, gamma, (beta,) bias; output 0 is the norm of their sum, output 3 the sum.
 * https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md
 */

const SIMPLIFIED = "SkipSimplifiedLayerNormalization";

function biasInput(node: GraphNode): number {
  return node.opType === SIMPLIFIED ? 3 : 4;
}

/** `input + skip (+ bias)` as plain additions under the name `sum`; in float32 where the graph is narrower and `wide` is asked for. */
export function plainSum(patch: GraphPatch, node: GraphNode, sum: string, wide: boolean): string {
  const [first = "", ...rest] = [node.inputs[0], node.inputs[1], node.inputs[biasInput(node)]]
    .filter((name) => name !== undefined && name !== "")
    .map((name, index) => (wide ? widened(patch, name ?? "", `${sum}/term_${index}`) : (name ?? "")));
  return rest.reduce(
    (total, term, index) => patch.node("Add", [total, term], index === rest.length - 1 ? sum : `${sum}/unbiased`),
    first,
  );
}

/**
 * A float16 term of the fused operator in float32, rounded as the operator sees it: without an operator in between, ONNX Runtime's CPU provider
 * would drop our cast together with its own after a MatMul, and with them the rounding.
 */
function widened(patch: GraphPatch, value: string, name: string): string {
  return asFloat32(patch, patch.node("Concat", [value], `${name}/rounded`, { axis: -1 }), name);
}

/** The fused node giving out its sum. */
export function withSum(node: GraphNode, sum: string): GraphNode {
  return rewired(node, { outputs: [node.outputs[0] ?? "", node.outputs[1] ?? "", node.outputs[2] ?? "", sum] });
}

/** The fused node adding two other terms; the bias is in them already. */
export function withTerms(node: GraphNode, sum: string, input: string, skip: string): GraphNode {
  return rewired(withSum(node, sum), { inputs: [input, skip, ...node.inputs.slice(2, biasInput(node))] });
}

/** The fused node with another `skip`. */
export function withSkip(node: GraphNode, sum: string, skip: string): GraphNode {
  return rewired(withSum(node, sum), { inputs: node.inputs.map((input, index) => (index === 1 ? skip : input)) });
}

/**
 * The fused node reading a float32 value that is the sum already, as two terms: itself and nothing, or in a float16 graph its rounding and what
 * that lost. The operator stays the same, so that its norm is the same to the last bit (on int4 weights the last bit can decide a rounding).
 */
export function putAsTerms(patch: GraphPatch, node: GraphNode, value: string, sum: string, narrow: boolean): void {
  const prefix = `${sum}/refract`;
  if (!narrow) {
    patch.put(withTerms(node, sum, value, patch.node("Sub", [value, value], `${prefix}/nothing`)));
    return;
  }
  const rounded = patch.node("Cast", [value], `${prefix}/rounded`, { to: ELEMENT.float16 });
  const lost = patch.node("Sub", [value, asFloat32(patch, rounded, `${prefix}/widened`)], `${prefix}/lost`);
  patch.put(withTerms(node, sum, rounded, asFloat16(patch, lost, `${prefix}/lost_narrow`)));
}

export function asFloat32(patch: GraphPatch, value: string, name: string): string {
  return patch.node("Cast", [value], name, { to: ELEMENT.float32 });
}

/**
 * ONNX Runtime's CPU provider runs most float16 operators in float32, and drops the casts between them by this name (its
 * insert_cast_transformer.cc); a cast of ours by another name would round the stream where the untouched graph does not.
 */
const FREE_CAST = "InsertedPrecisionFreeCast_";

export function asFloat16(patch: GraphPatch, value: string, name: string): string {
  return patch.node("Cast", [value], name, { to: ELEMENT.float16 }, `${FREE_CAST}${name}`);
}
