import { type GraphNode, tensorAttribute } from "../read/graph-node.ts";
import type { Initializer } from "../read/initializer.ts";
import { ELEMENT, TENSOR } from "../read/onnx-fields.ts";
import type { OnnxGraph } from "../read/onnx-model.ts";
import { firstField, firstInteger, integersOf, wireFields } from "../read/wire-field.ts";

/** The value of a constant int64 tensor of one number; undefined where it is no such. */
export function constantInteger(
  graph: OnnxGraph,
  producers: ReadonlyMap<string, GraphNode>,
  name: string,
): number | undefined {
  const initializer = graph.initializers.get(name);
  if (initializer) {
    return initializer.span ? undefined : scalarOf(initializer);
  }
  const node = producers.get(name);
  const tensor = node?.opType === "Constant" ? tensorAttribute(node, "value") : undefined;
  if (tensor === undefined) {
    return undefined;
  }
  const fields = wireFields(tensor);
  return scalarOf({
    dataType: firstInteger(fields, TENSOR.dataType) ?? 0,
    dims: integersOf(fields, TENSOR.dims),
    fields,
  });
}

function scalarOf(tensor: Pick<Initializer, "dataType" | "dims" | "fields">): number | undefined {
  if (tensor.dataType !== ELEMENT.int64 || tensor.dims.reduce((a, b) => a * b, 1) !== 1) {
    return undefined;
  }
  const raw = firstField(tensor.fields, TENSOR.rawData)?.value;
  if (raw !== undefined) {
    return raw.length === 8 ? Number(new DataView(raw.buffer, raw.byteOffset, 8).getBigInt64(0, true)) : undefined;
  }
  return integersOf(tensor.fields, TENSOR.int64Data)[0];
}
