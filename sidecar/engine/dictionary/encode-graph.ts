import { realpathSync } from "node:fs";
import { dirname, parse, relative, sep } from "node:path";
import { WireType } from "@bufbuild/protobuf/wire";
import type { Dictionary, StoredTensor } from "../../../shared/plugin/dictionary-format.ts";
import { type AttributeValue, makeNode } from "../read/graph-node.ts";
import { writeInitializer } from "../read/initializer.ts";
import { ELEMENT, GRAPH, MODEL, OPSET, TENSOR } from "../read/onnx-fields.ts";
import { makeValueInfo } from "../read/value-info.ts";
import { message, wireFields, writeBytes, writeInteger, writeText } from "../read/wire-field.ts";

/** What a graph computes beside the activations themselves; a graph holds only what is asked of it. */
export interface EncodeOutputs {
  /** The largest activations of each row and their features. */
  top: boolean;
  /** Activations of chosen features. */
  chosen: boolean;
  /** Per row, how many features fire. */
  active: boolean;
  /** Per feature, in how many rows it fires, and the sum of its activations. */
  statistics: boolean;
  reconstruction: boolean;
}

/** Names of the inputs and outputs of an encoding graph. */
export const ENCODE = {
  /** float32 `[rows, dIn]`. */
  x: "x",
  /** int64 `[1]`. */
  top: "top",
  /** int64 `[chosen]`. */
  chosen: "chosen",
  /** `[rows, top]`. */
  topActivations: "top_activations",
  topFeatures: "top_features",
  /** `[rows, chosen]`. */
  chosenActivations: "chosen_activations",
  /** `[rows]`. */
  active: "active",
  /** `[features]`. */
  fired: "fired",
  sum: "sum",
  /** `[rows, dOut]`. */
  reconstruction: "reconstruction",
} as const;

const OPSET_VERSION = 17;
const IR_VERSION = 8;
const ELEMENT_OF = { F32: ELEMENT.float32, F16: ELEMENT.float16, BF16: ELEMENT.bfloat16 } as const;
/** SAELens's layer norm divides by the deviation plus this. */
const EPSILON = 1e-5;

/**
 * The encoder of a dictionary as an ONNX graph whose weights are external data in the dictionary's own files; see `Dictionary` for what is
 * computed. `folder` is the folder that the weights' places are relative to.
 */
export function encodeGraph(dictionary: Dictionary, outputs: EncodeOutputs): { graph: Uint8Array; folder: string } {
  const graph = new GraphWriter();
  const rows = { x: graph.input(ENCODE.x, ELEMENT.float32, ["rows", dictionary.dIn]) };
  const { input, restore } = normalised(graph, dictionary, rows.x);
  const z = preActivations(graph, dictionary, input);
  const f = activations(graph, dictionary, z);
  if (outputs.top) {
    const k = graph.input(ENCODE.top, ELEMENT.int64, [1]);
    graph.many("TopK", [f, k], [ENCODE.topActivations, ENCODE.topFeatures], { axis: -1 });
    graph.output(ENCODE.topActivations, ELEMENT.float32, ["rows", "top"]);
    graph.output(ENCODE.topFeatures, ELEMENT.int64, ["rows", "top"]);
  }
  if (outputs.chosen) {
    graph.node(
      "Gather",
      [f, graph.input(ENCODE.chosen, ELEMENT.int64, ["chosen"])],
      { axis: 1 },
      ENCODE.chosenActivations,
    );
    graph.output(ENCODE.chosenActivations, ELEMENT.float32, ["rows", "chosen"]);
  }
  if (outputs.active || outputs.statistics) {
    const fires = graph.node("Cast", [graph.node("Greater", [f, graph.scalar(0)])], { to: ELEMENT.float32 });
    if (outputs.active) {
      graph.node("ReduceSum", [fires, graph.integers([1])], { keepdims: 0 }, ENCODE.active);
      graph.output(ENCODE.active, ELEMENT.float32, ["rows"]);
    }
    if (outputs.statistics) {
      graph.node("ReduceSum", [fires, graph.integers([0])], { keepdims: 0 }, ENCODE.fired);
      graph.node("ReduceSum", [f, graph.integers([0])], { keepdims: 0 }, ENCODE.sum);
      graph.output(ENCODE.fired, ELEMENT.float32, [dictionary.features]);
      graph.output(ENCODE.sum, ELEMENT.float32, [dictionary.features]);
    }
  }
  if (outputs.reconstruction) {
    graph.node("Identity", [restore(reconstruct(graph, dictionary, f), rows.x)], {}, ENCODE.reconstruction);
    graph.output(ENCODE.reconstruction, ELEMENT.float32, ["rows", dictionary.dOut]);
  }
  return graph.write();
}

/** x̂, and what puts the reconstruction back to the stream's measure. A transcoder's output is left as it is, as SAELens does. */
function normalised(
  graph: GraphWriter,
  dictionary: Dictionary,
  x: string,
): { input: string; restore: (recon: string, x: string) => string } {
  const { normalisation, dIn, b_dec, subtractDecoderBias, skip } = dictionary;
  let input = x;
  let back: (recon: string) => string = (recon) => recon;
  if (normalisation.kind === "scale") {
    input = graph.node("Mul", [x, graph.scalar(normalisation.factor)]);
    back = (recon) => graph.node("Div", [recon, graph.scalar(normalisation.factor)]);
  } else if (normalisation.kind === "constant-norm") {
    const norm = graph.node("ReduceL2", [x], { axes: [-1], keepdims: 1 });
    const factor = graph.node("Div", [graph.scalar(Math.sqrt(dIn)), norm]);
    input = graph.node("Mul", [x, factor]);
    back = (recon) => graph.node("Div", [recon, factor]);
  } else if (normalisation.kind === "layer-norm") {
    const mean = graph.node("ReduceMean", [x], { axes: [-1], keepdims: 1 });
    const centred = graph.node("Sub", [x, mean]);
    const length = graph.node("ReduceL2", [centred], { axes: [-1], keepdims: 1 });
    const deviation = graph.node("Div", [length, graph.scalar(Math.sqrt(dIn - 1))]);
    input = graph.node("Div", [centred, graph.node("Add", [deviation, graph.scalar(EPSILON)])]);
    back = (recon) => graph.node("Add", [graph.node("Mul", [recon, deviation]), mean]);
  }
  if (subtractDecoderBias && b_dec !== null) input = graph.node("Sub", [input, graph.weight("b_dec", b_dec)]);
  const transcodes = dictionary.reads !== dictionary.writes;
  return {
    input,
    restore: (recon, raw) => {
      const restored = transcodes && normalisation.kind !== "scale" ? recon : back(recon);
      if (skip === null) return restored;
      return graph.node("Add", [restored, graph.node("Gemm", [raw, graph.weight("W_skip", skip)], { transB: 1 })]);
    },
  };
}

/** z, `[rows, features]`. */
function preActivations(graph: GraphWriter, dictionary: Dictionary, input: string): string {
  const { W_enc, b_enc, encoderTransposed, activation } = dictionary;
  const inputs = [input, graph.weight("W_enc", W_enc), ...(b_enc === null ? [] : [graph.weight("b_enc", b_enc)])];
  let z = graph.node("Gemm", inputs, encoderTransposed ? { transB: 1 } : {});
  if (activation.kind === "gated") {
    const { r_mag, b_mag } = activation.gate;
    z = graph.node("Mul", [z, graph.node("Exp", [graph.weight("r_mag", r_mag)])]);
    z = graph.node("Add", [z, graph.weight("b_mag", b_mag)]);
  }
  return dictionary.rescaleByDecoderNorm ? graph.node("Mul", [z, decoderNorms(graph, dictionary)]) : z;
}

function decoderNorms(graph: GraphWriter, { W_dec, decoderTransposed }: Dictionary): string {
  const axis = decoderTransposed ? 0 : 1;
  return graph.node("ReduceL2", [graph.weight("W_dec", W_dec)], { axes: [axis], keepdims: 0 });
}

/** f, `[rows, features]`: z where it passes its feature's threshold, which is never below 0. */
function activations(graph: GraphWriter, dictionary: Dictionary, z: string): string {
  const { activation } = dictionary;
  if (activation.kind === "relu") return graph.node("Relu", [z]);
  if (activation.kind === "topk") {
    const [values, indices] = graph.many(
      "TopK",
      [z, graph.integers([activation.k])],
      [graph.fresh("kept"), graph.fresh("kept")],
      { axis: -1, sorted: 0 },
    );
    const zeros = graph.node("ConstantOfShape", [graph.node("Shape", [z])]);
    return graph.node("ScatterElements", [zeros, indices ?? "", graph.node("Relu", [values ?? ""])], { axis: 1 });
  }
  return graph.node("Where", [graph.node("Greater", [z, threshold(graph, dictionary)]), z, graph.scalar(0)]);
}

function threshold(graph: GraphWriter, { activation }: Dictionary): string {
  switch (activation.kind) {
    case "jumprelu":
      return typeof activation.threshold === "number"
        ? graph.scalar(Math.max(0, activation.threshold))
        : graph.node("Relu", [graph.weight("threshold", activation.threshold)]);
    case "batchtopk":
      return graph.scalar(Math.max(0, activation.threshold));
    case "gated": {
      // Active where y + b_gate > 0: with z = exp(r)·y + b_mag, where z > b_mag - exp(r)·b_gate.
      const { b_gate, r_mag, b_mag } = activation.gate;
      const gate = graph.node("Mul", [
        graph.node("Exp", [graph.weight("r_mag", r_mag)]),
        graph.weight("b_gate", b_gate),
      ]);
      return graph.node("Relu", [graph.node("Sub", [graph.weight("b_mag", b_mag), gate])]);
    }
    default:
      return graph.scalar(0);
  }
}

function reconstruct(graph: GraphWriter, dictionary: Dictionary, f: string): string {
  const { W_dec, b_dec, decoderTransposed, decoderScale, rescaleByDecoderNorm } = dictionary;
  let scaled = f;
  if (decoderScale !== null) scaled = graph.node("Mul", [scaled, graph.weight("scaling_factor", decoderScale)]);
  if (rescaleByDecoderNorm) scaled = graph.node("Div", [scaled, decoderNorms(graph, dictionary)]);
  const inputs = [scaled, graph.weight("W_dec", W_dec), ...(b_dec === null ? [] : [graph.weight("b_dec", b_dec)])];
  return graph.node("Gemm", inputs, decoderTransposed ? { transB: 1 } : {});
}

/** Puts a small graph together, nodes in the order in which they are made. */
class GraphWriter {
  private readonly nodes: Uint8Array[] = [];
  private readonly inputs: Uint8Array[] = [];
  private readonly outputs: Uint8Array[] = [];
  private readonly constants: Uint8Array[] = [];
  private readonly weights = new Map<string, { tensor: StoredTensor; value: string }>();
  private count = 0;

  fresh(name: string): string {
    this.count += 1;
    return `${name}_${this.count}`;
  }

  input(name: string, type: number, dims: readonly (number | string)[]): string {
    this.inputs.push(makeValueInfo(name, type, dims).message);
    return name;
  }

  output(name: string, type: number, dims: readonly (number | string)[]): void {
    this.outputs.push(makeValueInfo(name, type, dims).message);
  }

  node(
    op: string,
    inputs: readonly string[],
    attributes: Record<string, AttributeValue> = {},
    output = this.fresh(op),
  ): string {
    this.many(op, inputs, [output], attributes);
    return output;
  }

  many(
    op: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: Record<string, AttributeValue>,
  ): readonly string[] {
    this.nodes.push(makeNode(op, inputs, outputs, attributes).message);
    return outputs;
  }

  /** A stored tensor as float32; narrower ones are widened as the session is made, once. */
  weight(name: string, tensor: StoredTensor): string {
    const known = this.weights.get(name);
    if (known !== undefined) return known.value;
    const value = tensor.dtype === "F32" ? name : this.node("Cast", [name], { to: ELEMENT.float32 });
    this.weights.set(name, { tensor, value });
    return value;
  }

  scalar(value: number): string {
    const name = this.fresh("constant");
    this.constants.push(
      message((writer) => {
        writeInteger(writer, TENSOR.dataType, ELEMENT.float32);
        writer.tag(TENSOR.floatData, WireType.LengthDelimited).fork().float(value).join();
        writeText(writer, TENSOR.name, name);
      }),
    );
    return name;
  }

  integers(values: readonly number[]): string {
    const name = this.fresh("constant");
    this.constants.push(
      message((writer) => {
        writeInteger(writer, TENSOR.dims, values.length);
        writeInteger(writer, TENSOR.dataType, ELEMENT.int64);
        writer.tag(TENSOR.int64Data, WireType.LengthDelimited).fork();
        for (const value of values) writer.int64(value);
        writer.join();
        writeText(writer, TENSOR.name, name);
      }),
    );
    return name;
  }

  write(): { graph: Uint8Array; folder: string } {
    const placed = [...this.weights].map(([name, { tensor }]) => ({ name, tensor, path: realpathSync(tensor.file) }));
    const folder = commonFolder(placed.map(({ path }) => dirname(path)));
    const body = message((writer) => {
      for (const node of this.nodes) writeBytes(writer, GRAPH.node, node);
      writeText(writer, GRAPH.name, "dictionary");
      for (const constant of this.constants) writeBytes(writer, GRAPH.initializer, constant);
      for (const { name, tensor, path } of placed) {
        const fields = message((inner) => {
          for (const dim of tensor.shape) writeInteger(inner, TENSOR.dims, dim);
          writeInteger(inner, TENSOR.dataType, ELEMENT_OF[tensor.dtype]);
          writeText(inner, TENSOR.name, name);
        });
        const { offset, length } = tensor;
        const initializer = {
          name,
          dataType: ELEMENT_OF[tensor.dtype],
          dims: tensor.shape,
          fields: wireFields(fields),
          span: { path, name, offset, length },
        };
        writeBytes(writer, GRAPH.initializer, writeInitializer(initializer, folder));
      }
      for (const input of this.inputs) writeBytes(writer, GRAPH.input, input);
      for (const output of this.outputs) writeBytes(writer, GRAPH.output, output);
    });
    const graph = message((writer) => {
      writeInteger(writer, MODEL.irVersion, IR_VERSION);
      writeBytes(writer, MODEL.graph, body);
      writeBytes(
        writer,
        MODEL.opsetImport,
        message((inner) => {
          writeText(inner, OPSET.domain, "");
          writeInteger(inner, OPSET.version, OPSET_VERSION);
        }),
      );
    });
    return { graph, folder };
  }
}

/** The lowest folder above all of them: external data may not lie outside it. */
function commonFolder(folders: readonly string[]): string {
  let common = folders[0] ?? ".";
  for (const folder of folders) {
    while (common !== parse(common).root && relative(common, folder).split(sep)[0] === "..") common = dirname(common);
  }
  return common;
}
