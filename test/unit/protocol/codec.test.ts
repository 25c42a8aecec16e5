import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RefractError } from "../../../shared/errors.ts";
import { decodeFrame, encodeFrame } from "../../../shared/protocol/codec.ts";
import { fromWireError, toWireError } from "../../../shared/protocol/wire-error.ts";

describe("frames on the wire", () => {
  test("floats arrive bit by bit, at any length, in memory of their own", () => {
    fc.assert(
      fc.property(fc.float32Array({ maxLength: 5000 }), fc.string({ unit: "binary" }), (values, text) => {
        const back = decodeFrame(Buffer.from(encodeFrame({ text, values }))) as { text: string; values: Float32Array };
        expect(back.values).toBeInstanceOf(Float32Array);
        expect(Buffer.from(back.values.buffer).equals(Buffer.from(values.buffer))).toBe(true);
        expect(back.text).toBe(text);
      }),
    );
  });

  test("bytes that are no MessagePack are refused in words", () => {
    expect(() => decodeFrame(Uint8Array.of(0xc1, 0xc1, 0xff))).toThrow("is not MessagePack");
  });

  test("an encoded frame stays as it is when the next one is encoded", () => {
    const first = encodeFrame({ a: 1 });
    const copy = Uint8Array.from(first);
    encodeFrame({ b: "x".repeat(100) });
    expect(first).toEqual(copy);
  });
});

describe("errors on the wire", () => {
  test("keep code, sentence and the chain of causes", () => {
    const error = new RefractError("engine-died", "The engine ended.", {
      cause: new Error("signal SIGABRT", { cause: new Error("out of memory") }),
    });
    const back = fromWireError(toWireError(error));
    expect(back.code).toBe("engine-died");
    expect((back.cause as Error).message).toBe("signal SIGABRT");
    expect(((back.cause as Error).cause as Error).message).toBe("out of memory");
  });

  test("a foreign error is a failure with its message", () => {
    expect(toWireError(new TypeError("x is not a function"))).toEqual({
      code: "failed",
      message: "x is not a function",
      causes: [],
    });
  });
});
