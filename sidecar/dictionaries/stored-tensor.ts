import type { StoredTensor } from "../../shared/plugin/dictionary-format.ts";
import { FLOAT_BYTES, toFloat32 } from "../files/float-types.ts";
import { readExactly, withFile } from "../files/read-range.ts";

/** Reads a whole stored tensor as float32. */
export async function readStored(tensor: StoredTensor): Promise<Float32Array> {
  return withFile(tensor.file, async (file) =>
    toFloat32(await readExactly(file, tensor.file, tensor.offset, tensor.length), tensor.dtype),
  );
}

/** Reads row `index` of a stored matrix `[rows, columns]`. */
export async function readStoredRow(tensor: StoredTensor, index: number): Promise<Float32Array> {
  const columns = tensor.shape[1] ?? 1;
  const bytes = columns * FLOAT_BYTES[tensor.dtype];
  return withFile(tensor.file, async (file) =>
    toFloat32(await readExactly(file, tensor.file, tensor.offset + index * bytes, bytes), tensor.dtype),
  );
}

/** Reads column `index` of a stored matrix `[rows, columns]`, value by value, so that a large one stays on disk. */
export async function readStoredColumn(tensor: StoredTensor, index: number): Promise<Float32Array> {
  const [rows = 0, columns = 0] = tensor.shape;
  const size = FLOAT_BYTES[tensor.dtype];
  return withFile(tensor.file, async (file) => {
    const bytes = new Uint8Array(rows * size);
    for (let row = 0; row < rows; row++) {
      const at = tensor.offset + (row * columns + index) * size;
      bytes.set(await readExactly(file, tensor.file, at, size), row * size);
    }
    return toFloat32(bytes, tensor.dtype);
  });
}
