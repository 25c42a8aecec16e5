import { Tensor } from "onnxruntime-node";
import { floatToHalf, halfToFloat } from "../../files/float-types.ts";
import type { FloatType } from "../cut/block.ts";

keepHalvesAsBits();

/**
 * Makes the runtime's JavaScript side hold float16 data as a Uint16Array. On a Node that has Float16Array it would choose that, which the
 * native side of onnxruntime-node 1.30 cannot read when it is fed ("not enough space: expected 864, got 0"). It decides at its first tensor.
 */
function keepHalvesAsBits(): void {
  const known = Object.getOwnPropertyDescriptor(globalThis, "Float16Array");
  if (known === undefined) return;
  Reflect.deleteProperty(globalThis, "Float16Array");
  try {
    new Tensor("float32", new Float32Array(1), [1]);
  } finally {
    Object.defineProperty(globalThis, "Float16Array", known);
  }
}

export function float32(data: Float32Array, dims: readonly number[]): Tensor {
  return new Tensor("float32", data, dims);
}

/** Integers from 0 up as the graph wants them: int64 or int32. */
export function integers(values: ArrayLike<number>, dims: readonly number[], type: string | undefined): Tensor {
  if (type === "int32") return new Tensor("int32", Int32Array.from(values), dims);
  const data = new BigInt64Array(values.length);
  // The low halves of little-endian numbers: a BigInt per value would cost more than the step's other feeds together.
  const halves = new Int32Array(data.buffer);
  for (let i = 0; i < values.length; i++) halves[2 * i] = values[i] as number;
  return new Tensor("int64", data, dims);
}

export function zeros(type: FloatType, dims: readonly number[]): Tensor {
  const count = dims.reduce((product, n) => product * n, 1);
  return type === "float32"
    ? float32(new Float32Array(count), dims)
    : new Tensor("float16", new Uint16Array(count), dims);
}

/** Float32 values as a tensor of the given type. */
export function floats(type: FloatType, data: Float32Array, dims: readonly number[]): Tensor {
  return type === "float32" ? float32(data, dims) : new Tensor("float16", Uint16Array.from(data, floatToHalf), dims);
}

/** A CPU tensor's values as float32; float32 data is not copied. */
export function asFloat32(tensor: Tensor): Float32Array {
  const data: unknown = tensor.data;
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return Float32Array.from(data, halfToFloat);
  throw new TypeError(`expected a floating-point tensor, found ${tensor.type}`);
}
