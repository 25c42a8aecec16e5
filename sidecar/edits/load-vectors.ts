import { extname, resolve } from "node:path";
import { refused } from "../../shared/errors.ts";
import { readControlVector } from "../files/gguf-control-vector.ts";
import { readNpy } from "../files/npy.ts";
import { readSafetensorsFloats, readSafetensorsHeader } from "../files/safetensors.ts";

/** Rows of a vector file, and how messages call them. */
export interface LoadedVectors {
  rows: Float32Array[];
  label: string;
}

/**
 * Loads `file.safetensors#tensor`, `file.npy` or `file.gguf#layer`, relative to `folder`, as rows of `[dModel]`.
 * Refuses another shape, a NaN or an infinity, by file and tensor.
 */
export async function loadVectors(reference: string, folder: string, dModel: number): Promise<LoadedVectors> {
  const { file, name } = splitReference(reference, folder);
  const { shape, data } = await readFloats(file, name);
  const label = name === null ? file : `${file}#${name}`;
  const width = shape.at(-1) ?? 0;
  if (shape.length < 1 || shape.length > 2 || width !== dModel) {
    throw refused(
      `${label}: has shape [${shape.join(", ")}], expected [${dModel}] or [k, ${dModel}] (d_model of the model)`,
    );
  }
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw refused(`${label}: holds ${data[bad]} at index ${bad}, expected finite numbers`);
  const rows = Array.from({ length: data.length / dModel }, (_, i) => data.subarray(i * dModel, (i + 1) * dModel));
  if (rows.length === 0) throw refused(`${label}: has shape [${shape.join(", ")}]: no rows`);
  return { rows, label };
}

/** A reference's file and tensor name; a `#` that belongs to a folder's, the file's or the tensor's own name is kept. */
function splitReference(reference: string, folder: string): { file: string; name: string | null } {
  if (/\.(npy|safetensors|gguf)$/i.test(reference)) return { file: resolve(folder, reference), name: null };
  const named = /^(.*?\.(?:safetensors|gguf))#(.*)$/is.exec(reference);
  if (named !== null) return { file: resolve(folder, named[1] ?? ""), name: named[2] ?? "" };
  const hash = reference.lastIndexOf("#");
  if (hash < 0) return { file: resolve(folder, reference), name: null };
  return { file: resolve(folder, reference.slice(0, hash)), name: reference.slice(hash + 1) };
}

async function readFloats(file: string, name: string | null): Promise<{ shape: number[]; data: Float32Array }> {
  const extension = extname(file).toLowerCase();
  if (extension === ".npy") return readNpy(file);
  if (extension === ".gguf") {
    if (name === null) throw refused(`${file}: name the layer, as in ${file}#14`);
    return readControlVector(file, name);
  }
  if (extension === ".safetensors") {
    const header = await readSafetensorsHeader(file);
    const names = [...header.entries.keys()];
    const only = names.length === 1 ? names[0] : undefined;
    if (name === null && only === undefined) {
      throw refused(
        `${file}: name one of its tensors, as in ${file}#${names[0] ?? "name"} (${names.slice(0, 12).join(", ")})`,
      );
    }
    return readSafetensorsFloats(header, name ?? only ?? "");
  }
  throw refused(`${file}: vectors are read from .safetensors, .npy and .gguf, found "${extension || "no extension"}"`);
}
