/** A dense tensor as the safetensors format names its parts; data is row-major. */
export interface Tensor {
  dtype: "F32" | "I64" | "I32" | "U8";
  shape: number[];
  data: Float32Array | BigInt64Array | Int32Array | Uint8Array;
}
