import { refused } from "../../shared/errors.ts";
import { writeWhole } from "./write-file.ts";

const STRING = 8;
const INT32 = 5;
const F32 = 0;
const ALIGNMENT = 32;

/** Gathers GGUF's little-endian primitives. */
class Gathered {
  private readonly parts: Uint8Array[] = [];
  length = 0;

  bytes(part: Uint8Array): void {
    this.parts.push(part);
    this.length += part.length;
  }

  u32(value: number): void {
    const part = new Uint8Array(4);
    new DataView(part.buffer).setUint32(0, value, true);
    this.bytes(part);
  }

  u64(value: number): void {
    const part = new Uint8Array(8);
    new DataView(part.buffer).setBigUint64(0, BigInt(value), true);
    this.bytes(part);
  }

  string(text: string): void {
    const part = new TextEncoder().encode(text);
    this.u64(part.length);
    this.bytes(part);
  }

  pad(): void {
    this.bytes(new Uint8Array((ALIGNMENT - (this.length % ALIGNMENT)) % ALIGNMENT));
  }

  whole(): Uint8Array {
    const all = new Uint8Array(this.length);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

/**
 * Writes a GGUF control vector with one direction, which llama.cpp adds to the output of layer `layer` (`resid_post.<layer>`).
 * Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, version 3, and llama.cpp's common_control_vector_load, which refuses
 * layer 0: so does this.
 *
 * @param vector `[dModel]`, written as float32.
 */
export async function writeControlVector(
  path: string,
  { architecture, layer, vector }: { architecture: string; layer: number; vector: Float32Array },
): Promise<void> {
  if (layer < 1) {
    throw refused(
      `${path}: a GGUF control vector begins at layer 1, found layer ${layer}: write the direction as safetensors instead`,
    );
  }
  const file = new Gathered();
  file.bytes(new TextEncoder().encode("GGUF"));
  file.u32(3);
  file.u64(1);
  file.u64(3);
  file.string("general.architecture");
  file.u32(STRING);
  file.string("controlvector");
  file.string("controlvector.model_hint");
  file.u32(STRING);
  file.string(architecture);
  file.string("controlvector.layer_count");
  file.u32(INT32);
  file.u32(1);
  file.string(`direction.${layer}`);
  file.u32(1);
  file.u64(vector.length);
  file.u32(F32);
  file.u64(0);
  file.pad();
  file.bytes(new Uint8Array(vector.slice().buffer));
  file.pad();
  await writeWhole(path, (handle) => handle.writeFile(file.whole()));
}
