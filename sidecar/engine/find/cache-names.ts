import { refused } from "../../../shared/errors.ts";
import type { ValueInfo } from "../read/value-info.ts";

/** The graph's names for one layer's cache. */
export interface CacheNames {
  layer: number;
  pastKey: ValueInfo;
  pastValue: ValueInfo;
  presentKey: string;
  presentValue: string;
}

interface CacheTensor {
  layer: number;
  part: "key" | "value";
}

/** Reads names such as `past_key_values.3.key`, `past_key_3` and `present.3.value`. */
function cacheTensor(name: string): CacheTensor | null {
  if (!/past|present|cache/.test(name)) {
    return null;
  }
  const numbered = /(\d+)\D*?(key|value)$/.exec(name) ?? /(\d+)\.decoder\.(key|value)$/.exec(name);
  if (numbered) {
    return { layer: Number(numbered[1]), part: numbered[2] === "key" ? "key" : "value" };
  }
  const trailing = /(key|value)s?\D*?(\d+)$/.exec(name);
  return trailing ? { layer: Number(trailing[2]), part: trailing[1] === "key" ? "key" : "value" } : null;
}

/** Pairs up the cache inputs and outputs by layer. Refuses where one of the four is missing. */
export function findCache(path: string, inputs: readonly ValueInfo[], outputs: readonly ValueInfo[]): CacheNames[] {
  const past = byLayer(inputs);
  const present = byLayer(outputs);
  const layers = [...new Set([...past.keys(), ...present.keys()])].sort((a, b) => a - b);
  return layers.map((layer) => {
    const [from, to] = [past.get(layer), present.get(layer)];
    if (!from?.key || !from.value || !to?.key || !to.value) {
      throw refused(
        `${path}: the cache of layer ${layer} should be two inputs and two outputs (keys and values), but has inputs ${names(from)} and outputs ${names(to)}.`,
      );
    }
    return { layer, pastKey: from.key, pastValue: from.value, presentKey: to.key.name, presentValue: to.value.name };
  });
}

type Pair = { key?: ValueInfo; value?: ValueInfo };

function byLayer(values: readonly ValueInfo[]): Map<number, Pair> {
  const found = new Map<number, Pair>();
  for (const value of values) {
    const tensor = cacheTensor(value.name);
    if (tensor) {
      found.set(tensor.layer, { ...found.get(tensor.layer), [tensor.part]: value });
    }
  }
  return found;
}

function names(pair: Pair | undefined): string {
  const found = [pair?.key?.name, pair?.value?.name].filter((name) => name !== undefined);
  return found.length === 0 ? "(none)" : found.join(", ");
}
