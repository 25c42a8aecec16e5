import { baseOf } from "../find/graph-index.ts";
import type { MappedModel } from "../find/mapped-model.ts";

/** Values before a place of the stream that have the stream's dimensions: earlier places, and the embedding on its way into the stream. */
export function upstreamShapes(mapped: MappedModel, begin: number): Set<string> {
  const { stream, index } = mapped;
  const found = new Set<string>();
  for (const place of stream.places.slice(0, begin)) {
    found.add(place.value);
    found.add(baseOf(index, place.value));
    if (place.fused) {
      found.add(place.fused.outputs[0] ?? "");
    }
  }
  let value = stream.places[0] && baseOf(index, stream.places[0].value);
  while (value !== undefined) {
    found.add(value);
    const node = index.producers.get(value);
    const elementwise = node && ["Mul", "Add", "Div", "Cast", "LayerNormalization"].includes(node.opType);
    value = elementwise ? node.inputs.find((input) => !index.constants.has(input)) : undefined;
  }
  return found;
}
