import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readControlVector } from "../../../sidecar/files/gguf-control-vector.ts";

const u32 = (n: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return bytes;
};
const u64 = (n: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(n));
  return bytes;
};
const text = (value: string): Buffer => Buffer.concat([u64(Buffer.byteLength(value)), Buffer.from(value)]);

/** A control vector as repeng lays it out: metadata of several kinds, two float32 directions, data aligned to 32 bytes. */
function controlVector(): Buffer {
  const head = Buffer.concat([
    Buffer.from("GGUF"),
    u32(3),
    u64(2),
    u64(3),
    Buffer.concat([text("general.architecture"), u32(8), text("controlvector")]),
    Buffer.concat([text("tags"), u32(9), u32(8), u64(2), text("a"), text("b")]),
    Buffer.concat([text("general.alignment"), u32(4), u32(32)]),
    Buffer.concat([text("direction.1"), u32(1), u64(2), u32(0), u64(0)]),
    Buffer.concat([text("direction.2"), u32(1), u64(2), u32(0), u64(32)]),
  ]);
  const data = Buffer.alloc(40);
  for (const [i, value] of [1, 2].entries()) data.writeFloatLE(value, i * 4);
  for (const [i, value] of [-3, 0.5].entries()) data.writeFloatLE(value, 32 + i * 4);
  return Buffer.concat([head, Buffer.alloc((32 - (head.length % 32)) % 32), data]);
}

async function written(bytes: Buffer): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), "refract-test-")), "cv.gguf");
  await writeFile(file, bytes);
  return file;
}

it("reads a layer's direction", async () => {
  const file = await written(controlVector());
  expect(await readControlVector(file, "2")).toEqual({ shape: [2], data: Float32Array.of(-3, 0.5) });
});

it("refuses a layer that is not there, a torn file and another file", async () => {
  const file = await written(controlVector());
  await expect(readControlVector(file, "7")).rejects.toThrow(
    /no tensor "direction.7"; it has direction.1, direction.2/,
  );
  await expect(readControlVector(await written(controlVector().subarray(0, -4)), "2")).rejects.toThrow(/torn/);
  await expect(readControlVector(await written(controlVector().subarray(0, 90)), "2")).rejects.toThrow(/torn/);
  await expect(readControlVector(await written(Buffer.alloc(64)), "2")).rejects.toThrow(/not a GGUF file/);
});
