import { describe, expect, it } from "vitest";
import { precisionOf } from "../../../../sidecar/engine/find/precision.ts";
import { makeNode } from "../../../../sidecar/engine/read/graph-node.ts";
import type { Initializer } from "../../../../sidecar/engine/read/initializer.ts";
import { ELEMENT } from "../../../../sidecar/engine/read/onnx-fields.ts";

const INT4 = 22;

function precision(nodes: ReturnType<typeof makeNode>[], weights: Record<string, [dataType: number, dims: number[]]>) {
  const initializers = new Map(
    Object.entries(weights).map(([name, [dataType, dims]]): [string, Initializer] => [
      name,
      { name, dataType, dims, fields: [] },
    ]),
  );
  return precisionOf({ nodes, initializers, inputs: [], outputs: [], values: new Map(), rest: [] });
}

describe("the precision of a model", () => {
  it("is that of its matrices, however wide and large its table of embeddings is", () => {
    const nodes = [
      makeNode("Gather", ["embedding", "input_ids"], ["x"]),
      makeNode("DequantizeLinear", ["w", "scale"], ["w32"]),
    ];
    const weights: Parameters<typeof precision>[1] = {
      embedding: [ELEMENT.float32, [1000, 64]],
      w: [INT4, [64, 64]],
      scale: [ELEMENT.float32, [64]],
    };
    expect(precision(nodes, weights)).toBe("int4");
    expect(
      precision(nodes.slice(0, 1), { embedding: [ELEMENT.float32, [1000, 64]], w: [ELEMENT.float16, [64, 64]] }),
    ).toBe("float16");
  });
});
