import { refused } from "../../shared/errors.ts";
import { type FloatDtype, toFloat32 } from "./float-types.ts";
import { readExactly, withFile } from "./read-range.ts";

/** What the header of an .npy array says. */
export interface NpyHeader {
  /** NumPy's name of the type, e.g. `<f4`. */
  descr: string;
  fortranOrder: boolean;
  shape: number[];
  /** Where the data begins, from the start of the array's bytes. */
  dataOffset: number;
}

const DTYPES: Record<string, FloatDtype> = { "<f8": "F64", "<f4": "F32", "<f2": "F16" };

/**
 * Reads an .npy header from an array's first bytes (64 KiB are plenty).
 * Source: numpy.lib.format, versions 1 to 3. `label` names the array in refusals.
 */
export function parseNpyHeader(start: Uint8Array, label: string): NpyHeader {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (start.length < 12 || String.fromCharCode(...start.subarray(1, 6)) !== "NUMPY" || start[0] !== 0x93) {
    throw refused(`${label}: is not an .npy array (it does not begin with \\x93NUMPY)`);
  }
  const wide = (start[6] ?? 1) >= 2;
  const headerStart = wide ? 12 : 10;
  const length = wide ? view.getUint32(8, true) : view.getUint16(8, true);
  if (headerStart + length > start.length) throw refused(`${label}: the .npy header is torn`);
  const text = new TextDecoder("latin1").decode(start.subarray(headerStart, headerStart + length));
  const descr = /'descr':\s*'([^']+)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(text)?.[1];
  if (descr === undefined || order === undefined || shape === undefined) {
    throw refused(`${label}: the .npy header names no simple array: ${text.trim()}`);
  }
  return {
    descr,
    fortranOrder: order === "True",
    shape: shape
      .split(",")
      .map((part) => part.trim())
      .filter((part) => part !== "")
      .map(Number),
    dataOffset: headerStart + length,
  };
}

/** The float type of an array; refused where it is not a little-endian float in C order. */
export function npyDtype(header: NpyHeader, label: string): FloatDtype {
  const dtype = DTYPES[header.descr];
  if (dtype === undefined)
    throw refused(`${label}: holds ${header.descr}, expected little-endian floats (<f2, <f4, <f8)`);
  if (header.fortranOrder && header.shape.length > 1) {
    throw refused(`${label}: is stored in Fortran order, expected C order (numpy.ascontiguousarray)`);
  }
  return dtype;
}

/** A matrix that was stored column by column, as NumPy saves a transposed one. */
function rowMajor(data: Float32Array, [rows = 0, columns = 0]: readonly number[]): Float32Array {
  return data.map((_, i) => data[(i % columns) * rows + Math.floor(i / columns)] as number);
}

/** Reads an .npy file of floats as float32, row-major; a matrix may be stored in Fortran order. */
export async function readNpy(path: string): Promise<{ shape: number[]; data: Float32Array }> {
  return withFile(path, async (file, size) => {
    const header = parseNpyHeader(await readExactly(file, path, 0, Math.min(size, 65_536)), path);
    const columns = header.fortranOrder && header.shape.length === 2;
    const dtype = npyDtype(columns ? { ...header, fortranOrder: false } : header, path);
    const bytes = await readExactly(file, path, header.dataOffset, size - header.dataOffset);
    const data = toFloat32(bytes, dtype);
    const expected = header.shape.reduce((product, n) => product * n, 1);
    if (data.length !== expected) {
      throw refused(
        `${path}: holds ${data.length} values, expected ${expected} for shape (${header.shape.join(", ")})`,
      );
    }
    return { shape: header.shape, data: columns ? rowMajor(data, header.shape) : data };
  });
}
