import { WireType } from "@bufbuild/protobuf/wire";

import type { Initializer } from "./initializer.ts";
import { ELEMENT, TENSOR } from "./onnx-fields.ts";
import { message, wireFields, writeInteger, writeText } from "./wire-field.ts";

/** A small int64 vector as an initializer. */
export function integerVector(name: string, values: readonly number[]): Initializer {
  return integers(name, values, [values.length]);
}

/** An int64 number as an initializer with `rank` dimensions of 1. */
export function integerScalar(name: string, value: number, rank: number): Initializer {
  return integers(name, [value], new Array<number>(rank).fill(1));
}

function integers(name: string, values: readonly number[], dims: readonly number[]): Initializer {
  const bytes = message((writer) => {
    for (const dim of dims) {
      writeInteger(writer, TENSOR.dims, dim);
    }
    writeInteger(writer, TENSOR.dataType, ELEMENT.int64);
    writer.tag(TENSOR.int64Data, WireType.LengthDelimited).fork();
    for (const value of values) {
      writer.int64(value);
    }
    writer.join();
    writeText(writer, TENSOR.name, name);
  });
  return { name, dataType: ELEMENT.int64, dims: [...dims], fields: wireFields(bytes) };
}
