import { DIM, SHAPE, TENSOR_TYPE, TYPE, VALUE_INFO } from "./onnx-fields.ts";
import {
  firstField,
  firstInteger,
  firstText,
  message,
  textOf,
  wireFields,
  writeBytes,
  writeInteger,
  writeText,
} from "./wire-field.ts";

/** Name, element type and shape of a graph's input, output or inner value. */
export interface ValueInfo {
  name: string;
  /** TensorProto.DataType; 0 where the value is no tensor or nothing is said. */
  elementType: number;
  /** Numbers, or the names of symbolic dimensions; undefined where the rank is not known. */
  dims: (number | string)[] | undefined;
  message: Uint8Array;
}

export function parseValueInfo(bytes: Uint8Array): ValueInfo {
  const fields = wireFields(bytes);
  const type = firstField(fields, VALUE_INFO.type);
  const tensor = type && firstField(wireFields(type.value), TYPE.tensor);
  const parts = tensor ? wireFields(tensor.value) : [];
  const shape = firstField(parts, TENSOR_TYPE.shape);
  return {
    name: firstText(fields, VALUE_INFO.name),
    elementType: firstInteger(parts, TENSOR_TYPE.elementType) ?? 0,
    dims:
      shape &&
      wireFields(shape.value).map((field) => {
        const dim = wireFields(field.value);
        const symbol = firstField(dim, DIM.symbol);
        return firstInteger(dim, DIM.value) ?? (symbol ? textOf(symbol) : "?");
      }),
    message: bytes,
  };
}

export function makeValueInfo(name: string, elementType: number, dims: readonly (number | string)[]): ValueInfo {
  const shape = message((writer) => {
    for (const dim of dims) {
      const part = message((inner) => {
        if (typeof dim === "number") {
          writeInteger(inner, DIM.value, dim);
        } else {
          writeText(inner, DIM.symbol, dim);
        }
      });
      writeBytes(writer, SHAPE.dim, part);
    }
  });
  const tensor = message((writer) => {
    writeInteger(writer, TENSOR_TYPE.elementType, elementType);
    writeBytes(writer, TENSOR_TYPE.shape, shape);
  });
  const type = message((writer) => writeBytes(writer, TYPE.tensor, tensor));
  const bytes = message((writer) => {
    writeText(writer, VALUE_INFO.name, name);
    writeBytes(writer, VALUE_INFO.type, type);
  });
  return { name, elementType, dims: [...dims], message: bytes };
}
