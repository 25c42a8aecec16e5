import type { CacheRows, KvInterface } from "../cut/block.ts";
import { ELEMENT } from "../read/onnx-fields.ts";
import type { GraphPatch } from "./graph-patch.ts";

/** Adds what gives out the rows of a block's presents at some places of each lane. */
export function cacheRows(patch: GraphPatch, layers: readonly KvInterface[]): CacheRows[] {
  const alike = new Map<string, KvInterface[]>();
  for (const layer of layers) {
    const shape = `${layer.heads}x${layer.headDim}_${layer.type}`;
    alike.set(shape, [...(alike.get(shape) ?? []), layer]);
  }
  return [...alike].map(([shape, [first, ...others]]) => {
    if (first === undefined) throw new RangeError(`no layer of shape ${shape}`);
    const { heads, headDim, type } = first;
    const indices = patch.input(`refract/cache_places/${shape}`, ELEMENT.int64, ["lanes", heads, "rows", 3]);
    const rows = patch.output(`refract/cache_rows/${shape}`, ELEMENT[type], ["pasts", heads, "rows", headDim]);
    const tensors = [first, ...others].flatMap(({ pastKey, pastValue, presentKey, presentValue }) => [
      { past: pastKey, present: presentKey },
      { past: pastValue, present: presentValue },
    ]);
    const parts = tensors.map(({ present }) => patch.node("GatherND", [present, indices], `refract/${present}/rows`));
    patch.concat(parts, 0, rows);
    return { indices, rows, pasts: tensors.map(({ past }) => past), heads, headDim, type };
  });
}
