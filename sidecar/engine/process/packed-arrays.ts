import { open, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ArrayLayout, PackedArrays } from "./messages.ts";

/**
 * From this size on arrays go through a file: Node's channel between processes copies 35 MB in 0.3 s, a file that stays in the page cache
 * in a tenth of that.
 */
const INLINE_BYTES = 512 * 1024;
const ALIGNMENT = 8;
/** Up to this size a message is one write: each write of its own waits for a thread, which a busy machine does not have at once. */
const TOGETHER_BYTES = 16 * 1024 * 1024;

/** Key of an object that stands for the array of an index. */
const REFERENCE = "refract:array";

type Packable = Float32Array | Int32Array;

/** Takes the typed arrays out of a message; the same array twice is one. `folder` is where a large message's file is written. */
export async function packArrays(
  value: unknown,
  folder: string,
  name: string,
): Promise<{ value: unknown; arrays: PackedArrays }> {
  const found = new Map<Packable, number>();
  const replaced = replaceArrays(value, found, new Map());
  const arrays = [...found.keys()];
  const bytes = arrays.reduce((sum, array) => sum + array.byteLength, 0);
  if (bytes < INLINE_BYTES) return { value: replaced, arrays: { inline: arrays } };
  const file = join(folder, name);
  return { value: replaced, arrays: { file, layout: await writeArrays(file, arrays) } };
}

/** Puts the arrays back; a file is gone afterwards. */
export async function unpackArrays(value: unknown, arrays: PackedArrays): Promise<unknown> {
  const list = "inline" in arrays ? arrays.inline : await readArrays(arrays.file, arrays.layout);
  return restoreArrays(value, list, new Map());
}

/** Copies a message's plain objects and lists; one that stands at several places (lanes under one condition) stays one. */
function mapObjects(value: unknown, seen: Map<object, unknown>, leaf: (value: object) => unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const known = seen.get(value);
  if (known !== undefined) return known;
  let mapped = leaf(value);
  if (mapped === undefined) {
    // Lists of numbers (ids) are many and hold no arrays.
    if (Array.isArray(value)) {
      mapped = typeof value[0] === "number" ? value : value.map((item) => mapObjects(item, seen, leaf));
    } else {
      mapped = Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapObjects(item, seen, leaf)]));
    }
  }
  seen.set(value, mapped);
  return mapped;
}

function replaceArrays(value: unknown, found: Map<Packable, number>, seen: Map<object, unknown>): unknown {
  return mapObjects(value, seen, (leaf) => {
    if (!(leaf instanceof Float32Array || leaf instanceof Int32Array)) return undefined;
    const index = found.get(leaf) ?? found.size;
    found.set(leaf, index);
    return { [REFERENCE]: index };
  });
}

function restoreArrays(value: unknown, arrays: readonly ArrayBufferView[], seen: Map<object, unknown>): unknown {
  return mapObjects(value, seen, (leaf) =>
    REFERENCE in leaf ? arrays[Number(Reflect.get(leaf, REFERENCE))] : undefined,
  );
}

async function writeArrays(path: string, arrays: readonly Packable[]): Promise<ArrayLayout[]> {
  let end = 0;
  const layout = arrays.map((array): ArrayLayout => {
    const type = array instanceof Float32Array ? "Float32Array" : "Int32Array";
    const offset = end;
    end += array.byteLength + ((ALIGNMENT - (array.byteLength % ALIGNMENT)) % ALIGNMENT);
    return { type, offset, length: array.length };
  });
  if (end <= TOGETHER_BYTES) await writeTogether(path, arrays, layout, end);
  else await writeInTurn(path, arrays, layout);
  return layout;
}

// Only the user may read what a prompt did to the model.
const PRIVATE = { flag: "wx", mode: 0o600 } as const;

async function writeTogether(
  path: string,
  arrays: readonly Packable[],
  layout: readonly ArrayLayout[],
  length: number,
): Promise<void> {
  const bytes = new Uint8Array(length);
  for (const [i, array] of arrays.entries()) bytes.set(bytesOf(array), layout[i]?.offset);
  await writeFile(path, bytes, PRIVATE);
}

async function writeInTurn(path: string, arrays: readonly Packable[], layout: readonly ArrayLayout[]): Promise<void> {
  const file = await open(path, PRIVATE.flag, PRIVATE.mode);
  try {
    let end = 0;
    for (const [i, array] of arrays.entries()) {
      const offset = layout[i]?.offset ?? end;
      if (offset > end) await writeFile(file, new Uint8Array(offset - end));
      await writeFile(file, bytesOf(array));
      end = offset + array.byteLength;
    }
  } finally {
    await file.close();
  }
}

function bytesOf(array: Packable): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

async function readArrays(path: string, layout: readonly ArrayLayout[]): Promise<Packable[]> {
  const bytes = await readFile(path);
  await rm(path, { force: true });
  const aligned = bytes.byteOffset % ALIGNMENT === 0 ? bytes : Uint8Array.from(bytes);
  return layout.map(({ type, offset, length }) => {
    const at = aligned.byteOffset + offset;
    return type === "Float32Array"
      ? new Float32Array(aligned.buffer, at, length)
      : new Int32Array(aligned.buffer, at, length);
  });
}
