import { refused } from "../../shared/errors.ts";
import type { Tensor } from "../../shared/tensors/tensor.ts";
import { FLOAT_BYTES, type FloatDtype, toFloat32 } from "./float-types.ts";
import { readExactly, withFile } from "./read-range.ts";
import { writeWhole } from "./write-file.ts";

/** One tensor of a safetensors file: where its bytes are. */
export interface SafetensorsEntry {
  dtype: string;
  shape: number[];
  /** From the start of the file, in bytes. */
  offset: number;
  length: number;
}

export interface SafetensorsHeader {
  path: string;
  entries: Map<string, SafetensorsEntry>;
  metadata: Record<string, string>;
}

const BYTES: Record<string, number> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U64: 8,
  U32: 4,
  U16: 2,
  U8: 1,
  BOOL: 1,
};
const LONGEST_HEADER = 100 * 1024 * 1024;

/**
 * Reads the header of a safetensors file (8-byte little-endian length, JSON, bytes) and checks it against the file's size.
 * Source: https://github.com/huggingface/safetensors, "Format". Refuses a torn or foreign file by name.
 */
export async function readSafetensorsHeader(path: string): Promise<SafetensorsHeader> {
  return withFile(path, async (file, size) => {
    if (size < 8) throw refused(`${path}: has ${size} bytes, too few for a safetensors file`);
    const lengthBytes = await readExactly(file, path, 0, 8);
    const headerLength = Number(new DataView(lengthBytes.buffer).getBigUint64(0, true));
    if (headerLength > LONGEST_HEADER || headerLength + 8 > size) {
      throw refused(
        `${path}: is not a safetensors file or is torn: its first 8 bytes give a header of ${headerLength} bytes, the file has ${size}`,
      );
    }
    const text = new TextDecoder().decode(await readExactly(file, path, 8, headerLength));
    return parseHeader(path, text, 8 + headerLength, size);
  });
}

function parseHeader(path: string, text: string, dataStart: number, size: number): SafetensorsHeader {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw refused(`${path}: the safetensors header is not JSON`, cause);
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw refused(`${path}: the safetensors header is not a JSON object`);
  }
  const entries = new Map<string, SafetensorsEntry>();
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(json)) {
    if (name === "__metadata__") {
      metadata = value as Record<string, string>;
      continue;
    }
    const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
    const bytes = typeof dtype === "string" ? BYTES[dtype] : undefined;
    if (typeof dtype !== "string" || bytes === undefined) {
      throw refused(`${path}: tensor "${name}" has the unknown dtype ${JSON.stringify(dtype)}`);
    }
    const whole = (list: unknown): list is number[] =>
      Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
    if (!whole(shape) || !whole(offsets) || offsets.length !== 2) {
      throw refused(`${path}: tensor "${name}" has no valid shape or data_offsets`);
    }
    const [from = 0, to = 0] = offsets;
    const expected = shape.reduce((product, n) => product * n, bytes);
    if (to - from !== expected) {
      throw refused(
        `${path}: tensor "${name}" has ${to - from} bytes, expected ${expected} for ${dtype} [${shape.join(", ")}]`,
      );
    }
    if (dataStart + to > size) {
      throw refused(
        `${path}: the file is torn: tensor "${name}" ends at byte ${dataStart + to}, the file has ${size} bytes`,
      );
    }
    entries.set(name, { dtype, shape, offset: dataStart + from, length: to - from });
  }
  return { path, entries, metadata };
}

/** The entry of a named tensor; refused with the names there are where it is missing. */
export function safetensorsEntry(header: SafetensorsHeader, name: string): SafetensorsEntry {
  const entry = header.entries.get(name);
  if (entry === undefined) {
    const names = [...header.entries.keys()];
    const listed = names.slice(0, 12).join(", ") + (names.length > 12 ? `, ... (${names.length})` : "");
    throw refused(`${header.path}: has no tensor "${name}"; it has ${listed || "none"}`);
  }
  return entry;
}

/** Reads one floating-point tensor as float32. */
export async function readSafetensorsFloats(
  header: SafetensorsHeader,
  name: string,
): Promise<{ shape: number[]; data: Float32Array }> {
  const entry = safetensorsEntry(header, name);
  if (!(entry.dtype in FLOAT_BYTES)) {
    throw refused(`${header.path}: tensor "${name}" is ${entry.dtype}, expected F32, F16, BF16 or F64`);
  }
  const bytes = await withFile(header.path, (file) => readExactly(file, header.path, entry.offset, entry.length));
  return { shape: entry.shape, data: toFloat32(bytes, entry.dtype as FloatDtype) };
}

/**
 * Writes a safetensors file whole or not at all. Data goes to the file as it is, without a second copy in memory.
 * Offsets are aligned by padding the header with blanks, as the reference writer does.
 */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const header: Record<string, unknown> = {};
  if (metadata !== undefined) header.__metadata__ = metadata;
  let offset = 0;
  for (const [name, tensor] of tensors) {
    header[name] = {
      dtype: tensor.dtype,
      shape: tensor.shape,
      data_offsets: [offset, offset + tensor.data.byteLength],
    };
    offset += tensor.data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const text = Buffer.alloc(Math.ceil(json.length / 8) * 8, " ");
  json.copy(text);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await writeWhole(path, async (file) => {
    await file.writeFile(Buffer.concat([length, text]));
    for (const { data } of tensors.values()) {
      const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      for (let at = 0; at < bytes.length; at += 1 << 28) await file.writeFile(bytes.subarray(at, at + (1 << 28)));
    }
  });
}
