import { writeInitializer } from "./initializer.ts";
import { GRAPH, MODEL } from "./onnx-fields.ts";
import type { OnnxGraph, OnnxModel } from "./onnx-model.ts";
import { message, writeBytes, writeInteger } from "./wire-field.ts";

/** Since this version a graph's initializers need not be among its inputs. */
const OLDEST_IR = 4;

/**
 * Serialises another graph as the model's; large weights become external data relative to the model's `weightsFolder`.
 *
 * What the export says of inner values is left out: ONNX Runtime infers it, and where it is wrong plans memory by it (genai's builder gives
 * repeated keys and values the length of the new tokens, and float16 decoding fails with "Shape mismatch attempting to re-use buffer").
 */
export function writeModel(model: OnnxModel, graph: OnnxGraph): Uint8Array {
  const body = message((writer) => {
    for (const node of graph.nodes) {
      writeBytes(writer, GRAPH.node, node.message);
    }
    for (const field of graph.rest) {
      writer.raw(field.raw);
    }
    for (const tensor of graph.initializers.values()) {
      writeBytes(writer, GRAPH.initializer, writeInitializer(tensor, model.weightsFolder));
    }
    for (const [number, values] of [
      [GRAPH.input, graph.inputs],
      [GRAPH.output, graph.outputs],
    ] as const) {
      for (const value of values) {
        writeBytes(writer, number, value.message);
      }
    }
  });
  return message((writer) => {
    writeInteger(writer, MODEL.irVersion, Math.max(OLDEST_IR, model.irVersion));
    for (const field of model.rest) {
      writer.raw(field.raw);
    }
    writeBytes(writer, MODEL.graph, body);
  });
}
