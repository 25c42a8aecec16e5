import fc from "fast-check";
import { expect, it } from "vitest";
import { floatToHalf, halfToFloat, toFloat32 } from "../../../sidecar/files/float-types.ts";

it("rounds to half precision as NumPy 2.4 does", () => {
  const values = [
    0, 1, -1, 65504, 65519.9, 65520, 5.96e-8, 2.98e-8, 6.1e-5, 1.0009765625, 1.00048828125, 1.00146484375, 2.125,
  ];
  expect(values.map(floatToHalf)).toEqual([
    0, 15360, 48128, 31743, 31743, 31744, 1, 0, 1023, 15361, 15360, 15362, 16448,
  ]);
});

it("gives every half back through float32", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff }), (bits) => {
      const value = halfToFloat(bits);
      return Number.isNaN(value) ? Number.isNaN(halfToFloat(floatToHalf(value))) : floatToHalf(value) === bits;
    }),
  );
});

it("reads bfloat16 as the upper half of float32", () => {
  const value = Math.fround(-1.5703125);
  const bits = new Uint16Array(Float32Array.of(value).buffer)[1] as number;
  expect(toFloat32(new Uint8Array(Uint16Array.of(bits).buffer), "BF16")).toEqual(Float32Array.of(value));
});
