import { refused } from "../../shared/errors.ts";
import { FLOAT_BYTES, type FloatDtype, toFloat32 } from "./float-types.ts";
import { readExactly, withFile } from "./read-range.ts";

const DTYPES: Record<number, FloatDtype> = { 0: "F32", 1: "F16", 28: "F64", 30: "BF16" };
const FIXED: Record<number, number> = { 0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8 };
const STRING = 8;
const ARRAY = 9;

/** Reads GGUF's little-endian primitives from a buffer that holds the whole file; refuses to pass its end. */
class Cursor {
  private readonly view: DataView;
  private at = 0;
  private readonly path: string;

  constructor(bytes: Uint8Array, path: string) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.path = path;
  }

  get position(): number {
    return this.at;
  }

  skip(length: number): number {
    if (length < 0 || this.at + length > this.view.byteLength) {
      throw refused(`${this.path}: the GGUF file is torn at byte ${this.at}`);
    }
    this.at += length;
    return this.at - length;
  }

  u32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  u64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  string(): string {
    const length = this.u64();
    const start = this.skip(length);
    return new TextDecoder().decode(new Uint8Array(this.view.buffer, this.view.byteOffset + start, length));
  }

  /** Skips a metadata value and returns it where it is a uint32. */
  value(type: number): number | null {
    if (type === STRING) {
      this.string();
      return null;
    }
    if (type === ARRAY) {
      const item = this.u32();
      const count = this.u64();
      for (let i = 0; i < count; i++) this.value(item);
      return null;
    }
    const size = FIXED[type];
    if (size === undefined) throw refused(`${this.path}: GGUF metadata of the unknown type ${type}`);
    const start = this.skip(size);
    return type === 4 ? this.view.getUint32(start, true) : null;
  }
}

/**
 * Reads `direction.<layer>` of a GGUF control vector, as llama.cpp and repeng write it: float32 or float16 `[dModel]`.
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3. Control vectors are small: the file is read whole.
 */
export async function readControlVector(path: string, layer: string): Promise<{ shape: number[]; data: Float32Array }> {
  const bytes = await withFile(path, (file, size) => readExactly(file, path, 0, size));
  if (bytes.length < 24 || String.fromCharCode(...bytes.subarray(0, 4)) !== "GGUF") {
    throw refused(`${path}: is not a GGUF file (it does not begin with GGUF)`);
  }
  const cursor = new Cursor(bytes, path);
  cursor.skip(4);
  const version = cursor.u32();
  if (version !== 2 && version !== 3) throw refused(`${path}: GGUF version ${version}, expected 2 or 3`);
  const tensorCount = cursor.u64();
  const metadataCount = cursor.u64();
  let alignment = 32;
  for (let i = 0; i < metadataCount; i++) {
    const key = cursor.string();
    const value = cursor.value(cursor.u32());
    if (key === "general.alignment" && value !== null) alignment = value;
  }
  const tensors = new Map<string, { shape: number[]; type: number; offset: number }>();
  for (let i = 0; i < tensorCount; i++) {
    const name = cursor.string();
    const shape = Array.from({ length: cursor.u32() }, () => cursor.u64());
    tensors.set(name, { shape, type: cursor.u32(), offset: cursor.u64() });
  }
  const dataStart = Math.ceil(cursor.position / alignment) * alignment;
  const name = `direction.${layer}`;
  const tensor = tensors.get(name);
  if (tensor === undefined) {
    throw refused(`${path}: has no tensor "${name}"; it has ${[...tensors.keys()].slice(0, 12).join(", ") || "none"}`);
  }
  const dtype = DTYPES[tensor.type];
  if (dtype === undefined) throw refused(`${path}: tensor "${name}" has GGML type ${tensor.type}, expected F32 or F16`);
  const length = tensor.shape.reduce((product, n) => product * n, FLOAT_BYTES[dtype]);
  const start = dataStart + tensor.offset;
  if (start + length > bytes.length)
    throw refused(`${path}: the GGUF file is torn: "${name}" ends at byte ${start + length}`);
  return { shape: tensor.shape, data: toFloat32(bytes.subarray(start, start + length), dtype) };
}
