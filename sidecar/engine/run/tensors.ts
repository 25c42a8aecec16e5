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
  const count = sizeOf(dims);
  return fromBits(type, type === "float32" ? new Float32Array(count) : new Uint16Array(count), dims);
}

/** A tensor over the beginning of what `bitsOf` gave. */
export function fromBits(type: FloatType, bits: Float32Array | Uint16Array, dims: readonly number[]): Tensor {
  return new Tensor(type, bits.subarray(0, sizeOf(dims)), dims);
}

function sizeOf(dims: readonly number[]): number {
  return dims.reduce((product, n) => product * n, 1);
}

/** Float32 values as a tensor of the given type. */
export function floats(type: FloatType, data: Float32Array, dims: readonly number[]): Tensor {
  return type === "float32" ? float32(data, dims) : new Tensor("float16", Uint16Array.from(data, floatToHalf), dims);
}

/** A CPU tensor's own memory: float32 values, or the bits of float16 ones. */
export function bitsOf({ data, type }: Tensor): Float32Array | Uint16Array {
  if (data instanceof Float32Array || data instanceof Uint16Array) return data;
  throw new TypeError(`expected a floating-point tensor, found ${type}`);
}

/** A CPU tensor's values as float32; float32 data is not copied. */
export function asFloat32(tensor: Tensor): Float32Array {
  const bits = bitsOf(tensor);
  return bits instanceof Float32Array ? bits : Float32Array.from(bits, halfToFloat);
}
