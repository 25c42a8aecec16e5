import { mkdtemp, readdir, readFile, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import type { Tensor } from "../../../shared/tensors/tensor.ts";
import { readSafetensorsFloats, readSafetensorsHeader, writeSafetensors } from "../../../sidecar/files/safetensors.ts";

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "refract-test-"));
  file = join(folder, "模型 (1).safetensors");
});

const TENSORS = new Map<string, Tensor>([
  ["a", { dtype: "F32", shape: [2, 2], data: Float32Array.of(1, -2, 3.5, 0) }],
  ["ids", { dtype: "I64", shape: [1], data: BigInt64Array.of(7n) }],
]);

it("gives back what was written", async () => {
  await writeSafetensors(file, TENSORS, { format: "pt" });
  const header = await readSafetensorsHeader(file);
  expect(header.metadata).toEqual({ format: "pt" });
  expect(await readSafetensorsFloats(header, "a")).toEqual({ shape: [2, 2], data: Float32Array.of(1, -2, 3.5, 0) });
  expect(header.entries.get("ids")).toMatchObject({ dtype: "I64", shape: [1], length: 8 });
});

it("refuses a torn file by name", async () => {
  await writeSafetensors(file, TENSORS);
  await truncate(file, (await readFile(file)).length - 1);
  await expect(readSafetensorsHeader(file)).rejects.toMatchObject({
    code: "refused",
    message: expect.stringMatching(/模型 \(1\).safetensors.*torn/),
  });
});

it("refuses a foreign file, and a tensor that is not there with those that are", async () => {
  await writeFile(file, "PK\u0003\u0004 this is a zip file");
  await expect(readSafetensorsHeader(file)).rejects.toMatchObject({ code: "refused" });
  await writeSafetensors(file, TENSORS);
  const header = await readSafetensorsHeader(file);
  await expect(readSafetensorsFloats(header, "b")).rejects.toThrow(/no tensor "b"; it has a, ids/);
  await expect(readSafetensorsFloats(header, "ids")).rejects.toThrow(/"ids" is I64, expected F32/);
});

it("leaves neither a part nor a changed file where writing fails", async () => {
  await writeSafetensors(file, TENSORS);
  const before = await readFile(file);
  const broken: Tensor = {
    dtype: "F32",
    shape: [1],
    get data(): Float32Array {
      throw new Error("no more");
    },
  };
  await expect(writeSafetensors(file, new Map([["x", broken]]))).rejects.toThrow("no more");
  expect(await readFile(file)).toEqual(before);
  expect(await readdir(folder)).toHaveLength(1);
});
