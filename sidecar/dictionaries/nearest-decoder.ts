import type { CallOptions } from "../../shared/engine/engine.ts";
import { RefractError } from "../../shared/errors.ts";
import type { Dictionary } from "../../shared/plugin/dictionary-format.ts";
import { FLOAT_BYTES, toFloat32 } from "../files/float-types.ts";
import { readExactly, withFile } from "../files/read-range.ts";

/** Bytes of W_dec that are in memory at once. */
const PIECE = 8 * 1024 * 1024;

/**
 * The feature whose decoder vector has the largest cosine with `v` (`[dOut]`), read through W_dec piece by piece: a wide dictionary's is
 * gigabytes. Dead features, whose vector is zero, are left out; `null` where all are.
 */
export async function nearestDecoder(
  { W_dec, decoderTransposed, features, dOut }: Dictionary,
  v: Float32Array,
  { signal }: CallOptions,
): Promise<{ feature: number; cosine: number } | null> {
  const dots = new Float64Array(features);
  const squares = new Float64Array(features);
  const [rows, columns] = decoderTransposed ? [dOut, features] : [features, dOut];
  const bytes = columns * FLOAT_BYTES[W_dec.dtype];
  const atOnce = Math.max(1, Math.floor(PIECE / bytes));
  await withFile(W_dec.file, async (file) => {
    for (let first = 0; first < rows; first += atOnce) {
      if (signal?.aborted === true) throw new RefractError("cancelled", "Following the feature was stopped.");
      const count = Math.min(atOnce, rows - first);
      const piece = await readExactly(file, W_dec.file, W_dec.offset + first * bytes, count * bytes);
      const values = toFloat32(piece, W_dec.dtype);
      for (let i = 0; i < values.length; i++) {
        const row = first + Math.floor(i / columns);
        const column = i % columns;
        const [feature, place] = decoderTransposed ? [column, row] : [row, column];
        const value = values[i] as number;
        dots[feature] = (dots[feature] as number) + value * (v[place] as number);
        squares[feature] = (squares[feature] as number) + value * value;
      }
    }
  });
  const length = Math.hypot(...v);
  let nearest: { feature: number; cosine: number } | null = null;
  for (let feature = 0; feature < features; feature++) {
    const norm = Math.sqrt(squares[feature] as number);
    const cosine = (dots[feature] as number) / (norm * length);
    if (norm > 0 && (nearest === null || cosine > nearest.cosine)) nearest = { feature, cosine };
  }
  return nearest;
}
