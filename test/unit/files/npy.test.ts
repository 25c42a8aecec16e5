import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readNpy } from "../../../sidecar/files/npy.ts";

/** Written by NumPy 2.4.6: float16 [[1.5, -2.25], [65504, 6.1e-5]]. */
const HALF =
  "k05VTVBZAQB2AHsnZGVzY3InOiAnPGYyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAPoDA/3v/Aw==";
/** Written by NumPy 2.4.6: float32 in Fortran order. */
const FORTRAN =
  "k05VTVBZAQB2AHsnZGVzY3InOiAnPGY0JywgJ2ZvcnRyYW5fb3JkZXInOiBUcnVlLCAnc2hhcGUnOiAoMiwgMyksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAAAAABAQAAAgD8AAIBAAAAAQAAAoEA=";

async function written(base64: string, drop = 0): Promise<string> {
  const bytes = Buffer.from(base64, "base64");
  const file = join(await mkdtemp(join(tmpdir(), "refract-test-")), "v.npy");
  await writeFile(file, bytes.subarray(0, bytes.length - drop));
  return file;
}

it("reads what NumPy wrote", async () => {
  expect(await readNpy(await written(HALF))).toEqual({
    shape: [2, 2],
    data: Float32Array.of(1.5, -2.25, 65504, 6.097555160522461e-5),
  });
});

it("reads a matrix that NumPy stored column by column, as it does a transposed one", async () => {
  expect(await readNpy(await written(FORTRAN))).toEqual({ shape: [2, 3], data: Float32Array.of(0, 1, 2, 3, 4, 5) });
});

it("refuses a torn array and another file, in words", async () => {
  await expect(readNpy(await written(HALF, 2))).rejects.toThrow(/holds 3 values, expected 4/);
  await expect(readNpy(await written(Buffer.from("PK not an array").toString("base64")))).rejects.toThrow(
    /not an .npy array/,
  );
});
