import { Tensor } from "onnxruntime-node";
import { floatToHalf, halfToFloat } from "../../files/float-types.ts";
import type { FloatType } from "../cut/block.ts";

/** A float16 tensor's data is a Float16Array on a Node that has one, else a Uint16Array with the bits. */
type HalfArray = Uint16Array | (Float32Array & { readonly BYTES_PER_ELEMENT: 2 });

export function float32(data: Float32Array, dims: readonly number[]): Tensor {
  return new Tensor("float32", data, dims);
}

/** Integers as the graph wants them: int64 or int32. */
export function integers(values: readonly number[], dims: readonly number[], type: string | undefined): Tensor {
  return type === "int32"
    ? new Tensor("int32", Int32Array.from(values), dims)
    : new Tensor("int64", BigInt64Array.from(values, BigInt), dims);
}

export function zeros(type: FloatType, dims: readonly number[]): Tensor {
  const count = dims.reduce((product, n) => product * n, 1);
  // A Uint16Array of zeros is a float16 tensor of zeros on every Node.
  return type === "float32" ? float32(new Float32Array(count), dims) : halfTensor(new Uint16Array(count), dims);
}

/** Float32 values as a tensor of the given type. */
export function floats(type: FloatType, data: Float32Array, dims: readonly number[]): Tensor {
  return type === "float32" ? float32(data, dims) : halfTensor(Uint16Array.from(data, floatToHalf), dims);
}

function halfTensor(bits: Uint16Array, dims: readonly number[]): Tensor {
  const wanted: unknown = Reflect.get(globalThis, "Float16Array");
  const data =
    typeof wanted === "function" ? Reflect.construct(wanted, [bits.buffer, bits.byteOffset, bits.length]) : bits;
  return new Tensor("float16", data, dims);
}

/** A CPU tensor's values as float32; float32 data is not copied. */
export function asFloat32(tensor: Tensor): Float32Array {
  const data: unknown = tensor.data;
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return Float32Array.from(data, halfToFloat);
  if (tensor.type === "float16" && ArrayBuffer.isView(data)) return Float32Array.from(data as HalfArray);
  throw new TypeError(`expected a floating-point tensor, found ${tensor.type}`);
}
