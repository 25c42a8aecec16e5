import { refused } from "../../shared/errors.ts";
import type { StoredTensor } from "../../shared/plugin/dictionary-format.ts";
import { readSafetensorsHeader, safetensorsEntry } from "../files/safetensors.ts";

/** The tensors of a dictionary's weight file by name, whatever the file's format. */
export interface Weights {
  path: string;
  names: readonly string[];
  /** Refused where there is none of that name, or its type is not a float that ONNX Runtime maps. */
  get(name: string): StoredTensor;
}

export async function safetensorsWeights(path: string): Promise<Weights> {
  const header = await readSafetensorsHeader(path);
  return {
    path,
    names: [...header.entries.keys()],
    get(name) {
      const { dtype, shape, offset, length } = safetensorsEntry(header, name);
      if (dtype !== "F32" && dtype !== "F16" && dtype !== "BF16") {
        throw refused(`${path}: tensor "${name}" is ${dtype}, expected F32, F16 or BF16`);
      }
      return { file: path, offset, length, dtype, shape };
    },
  };
}

/** A tensor whose shape must be the given one. */
export function tensor(weights: Weights, name: string, shape: readonly number[]): StoredTensor {
  const found = weights.get(name);
  if (found.shape.join() !== shape.join()) {
    throw refused(
      `${weights.path}: tensor "${name}" has shape [${found.shape.join(", ")}], expected [${shape.join(", ")}]`,
    );
  }
  return found;
}

/** A tensor that may be missing. */
export function optionalTensor(weights: Weights, name: string, shape: readonly number[]): StoredTensor | null {
  return weights.names.includes(name) ? tensor(weights, name, shape) : null;
}
