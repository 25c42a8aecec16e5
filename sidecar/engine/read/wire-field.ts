import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** One field of a protobuf message as it stands in the bytes: written again as `raw`, it is the same byte for byte. */
export interface WireField {
  number: number;
  wire: WireType;
  /** Tag and value. */
  raw: Uint8Array;
  /** The value: the content of a length-delimited field, or the bytes of a number. */
  value: Uint8Array;
}

/** Splits a message into its fields, known or not. Throws where the bytes are not a message. */
export function wireFields(message: Uint8Array): WireField[] {
  const reader = new BinaryReader(message);
  const fields: WireField[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wire] = reader.tag();
    let valueStart = reader.pos;
    if (wire === WireType.LengthDelimited) {
      const length = reader.uint32();
      valueStart = reader.pos;
      reader.pos += length;
    } else {
      reader.skip(wire, number);
    }
    if (reader.pos > reader.len) {
      throw new RangeError(`field ${number} ends after its message`);
    }
    fields.push({
      number,
      wire,
      raw: message.subarray(start, reader.pos),
      value: message.subarray(valueStart, reader.pos),
    });
  }
  return fields;
}

const decoder = new TextDecoder();

export function textOf(field: WireField): string {
  return decoder.decode(field.value);
}

export function integerOf(field: WireField): number {
  return Number(new BinaryReader(field.value).int64());
}

/** Numbers of a repeated integer field, packed or one by one. */
export function integersOf(fields: readonly WireField[], number: number): number[] {
  const found: number[] = [];
  for (const field of fields) {
    if (field.number !== number) {
      continue;
    }
    const reader = new BinaryReader(field.value);
    while (reader.pos < reader.len) {
      found.push(Number(reader.int64()));
    }
  }
  return found;
}

export function firstField(fields: readonly WireField[], number: number): WireField | undefined {
  return fields.find((field) => field.number === number);
}

export function firstText(fields: readonly WireField[], number: number): string {
  const field = firstField(fields, number);
  return field ? textOf(field) : "";
}

export function firstInteger(fields: readonly WireField[], number: number): number | undefined {
  const field = firstField(fields, number);
  return field && integerOf(field);
}

export function writeText(writer: BinaryWriter, number: number, text: string): void {
  writer.tag(number, WireType.LengthDelimited).string(text);
}

export function writeBytes(writer: BinaryWriter, number: number, bytes: Uint8Array): void {
  writer.tag(number, WireType.LengthDelimited).bytes(bytes);
}

export function writeInteger(writer: BinaryWriter, number: number, value: number): void {
  writer.tag(number, WireType.Varint).int64(value);
}

/** Builds a message. */
export function message(build: (writer: BinaryWriter) => void): Uint8Array {
  const writer = new BinaryWriter();
  build(writer);
  return writer.finish();
}
