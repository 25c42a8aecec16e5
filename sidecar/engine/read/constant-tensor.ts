import { WireType } from "@bufbuild/protobuf/wire";

import type { Initializer } from "./initializer.ts";
import { ELEMENT, TENSOR } from "./onnx-fields.ts";
import { message, wireFields, writeInteger, writeText } from "./wire-field.ts";

/** A small int64 vector as an initializer. */
export function integerVector(name: string, values: readonly number[]): Initializer {
  const bytes = message((writer) => {
    writeInteger(writer, TENSOR.dims, values.length);
    writeInteger(writer, TENSOR.dataType, ELEMENT.int64);
    writer.tag(TENSOR.int64Data, WireType.LengthDelimited).fork();
    for (const value of values) {
      writer.int64(value);
    }
    writer.join();
    writeText(writer, TENSOR.name, name);
  });
  return { name, dataType: ELEMENT.int64, dims: [values.length], fields: wireFields(bytes) };
}
