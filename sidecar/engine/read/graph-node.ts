import { WireType } from "@bufbuild/protobuf/wire";

import { ATTRIBUTE, ATTRIBUTE_TYPE, GRAPH, NODE, TENSOR } from "./onnx-fields.ts";
import {
  firstField,
  firstInteger,
  firstText,
  message,
  textOf,
  type WireField,
  wireFields,
  writeBytes,
  writeInteger,
  writeText,
} from "./wire-field.ts";

/** A node of a graph; `message` is its NodeProto with everything that is not read here. */
export interface GraphNode {
  readonly opType: string;
  /** Empty for ONNX's own operators. */
  readonly domain: string;
  readonly name: string;
  /** Empty names are inputs or outputs left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Values of the enclosing graph that the node's subgraphs read. */
  readonly captured: readonly string[];
  /** Operators inside the node's subgraphs. */
  readonly inner: readonly GraphNode[];
  readonly message: Uint8Array;
}

/** A value to write as an attribute. */
export type AttributeValue = number | readonly number[];

export function parseNode(bytes: Uint8Array): GraphNode {
  const fields = wireFields(bytes);
  const domain = firstText(fields, NODE.domain);
  const inner: GraphNode[] = [];
  const captured = new Set<string>();
  for (const graph of subgraphs(fields)) {
    const parsed = subgraph(graph);
    inner.push(...parsed.nodes.flatMap((node) => [node, ...node.inner]));
    for (const name of parsed.captured) {
      captured.add(name);
    }
  }
  return {
    opType: firstText(fields, NODE.opType),
    domain: domain === "ai.onnx" ? "" : domain,
    name: firstText(fields, NODE.name),
    inputs: fields.filter((field) => field.number === NODE.input).map(textOf),
    outputs: fields.filter((field) => field.number === NODE.output).map(textOf),
    captured: [...captured],
    inner,
    message: bytes,
  };
}

function* subgraphs(fields: readonly WireField[]): Generator<Uint8Array> {
  for (const field of fields) {
    if (field.number === NODE.attribute) {
      for (const part of wireFields(field.value)) {
        if (part.number === ATTRIBUTE.graph || part.number === ATTRIBUTE.graphs) {
          yield part.value;
        }
      }
    }
  }
}

function subgraph(bytes: Uint8Array): { nodes: GraphNode[]; captured: Set<string> } {
  const fields = wireFields(bytes);
  const nodes = fields.filter((field) => field.number === GRAPH.node).map((field) => parseNode(field.value));
  const own = new Set<string>(nodes.flatMap((node) => node.outputs));
  for (const field of fields) {
    if (field.number === GRAPH.input) {
      own.add(firstText(wireFields(field.value), 1));
    } else if (field.number === GRAPH.initializer) {
      own.add(firstText(wireFields(field.value), TENSOR.name));
    }
  }
  const outputs = fields
    .filter((field) => field.number === GRAPH.output)
    .map((field) => firstText(wireFields(field.value), 1));
  const read = [...nodes.flatMap((node) => [...node.inputs, ...node.captured]), ...outputs];
  return { nodes, captured: new Set(read.filter((name) => name !== "" && !own.has(name))) };
}

/** Every value that the node reads. */
export function dependencies(node: GraphNode): string[] {
  return [...node.inputs.filter((name) => name !== ""), ...node.captured];
}

function attributeFields(node: GraphNode, name: string): WireField[] | undefined {
  for (const field of wireFields(node.message)) {
    if (field.number === NODE.attribute) {
      const parts = wireFields(field.value);
      if (firstText(parts, ATTRIBUTE.name) === name) {
        return parts;
      }
    }
  }
  return undefined;
}

export function integerAttribute(node: GraphNode, name: string): number | undefined {
  const parts = attributeFields(node, name);
  return parts && firstInteger(parts, ATTRIBUTE.integer);
}

/** The TensorProto of an attribute such as `value` of Constant. */
export function tensorAttribute(node: GraphNode, name: string): Uint8Array | undefined {
  return firstField(attributeFields(node, name) ?? [], ATTRIBUTE.tensor)?.value;
}

/** The node with other inputs or outputs; attributes that `drop` names are left out, everything else is kept. */
export function rewired(
  node: GraphNode,
  change: { inputs?: readonly string[]; outputs?: readonly string[]; drop?: readonly string[] },
): GraphNode {
  const inputs = change.inputs ?? node.inputs;
  const outputs = change.outputs ?? node.outputs;
  const bytes = message((writer) => {
    for (const name of inputs) {
      writeText(writer, NODE.input, name);
    }
    for (const name of outputs) {
      writeText(writer, NODE.output, name);
    }
    for (const field of wireFields(node.message)) {
      const dropped =
        field.number === NODE.attribute &&
        change.drop?.includes(firstText(wireFields(field.value), ATTRIBUTE.name)) === true;
      if (field.number !== NODE.input && field.number !== NODE.output && !dropped) {
        writer.raw(field.raw);
      }
    }
  });
  return { ...node, inputs, outputs, message: bytes };
}

/** A new node of ONNX's own operators. */
export function makeNode(
  opType: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Readonly<Record<string, AttributeValue>> = {},
  name = outputs[0] ?? opType,
): GraphNode {
  const bytes = message((writer) => {
    for (const input of inputs) {
      writeText(writer, NODE.input, input);
    }
    for (const output of outputs) {
      writeText(writer, NODE.output, output);
    }
    writeText(writer, NODE.name, name);
    writeText(writer, NODE.opType, opType);
    for (const [key, value] of Object.entries(attributes)) {
      writeBytes(writer, NODE.attribute, attribute(key, value));
    }
  });
  return { opType, domain: "", name, inputs, outputs, captured: [], inner: [], message: bytes };
}

function attribute(name: string, value: AttributeValue): Uint8Array {
  return message((writer) => {
    writeText(writer, ATTRIBUTE.name, name);
    if (typeof value === "number") {
      writeInteger(writer, ATTRIBUTE.integer, value);
      writeInteger(writer, ATTRIBUTE.type, ATTRIBUTE_TYPE.integer);
      return;
    }
    writer.tag(ATTRIBUTE.integers, WireType.LengthDelimited).fork();
    for (const item of value) {
      writer.int64(item);
    }
    writer.join();
    writeInteger(writer, ATTRIBUTE.type, ATTRIBUTE_TYPE.integers);
  });
}
