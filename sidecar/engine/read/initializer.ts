import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, normalize, relative } from "node:path";

import { refused } from "../../../shared/errors.ts";
import type { FileWindow } from "./file-window.ts";
import { ELEMENT_BITS, ENTRY, TENSOR } from "./onnx-fields.ts";
import {
  firstInteger,
  firstText,
  integersOf,
  message,
  type WireField,
  wireFields,
  writeBytes,
  writeInteger,
  writeText,
} from "./wire-field.ts";

/** Data of this many bytes and more stay in their file. */
const LARGE = 1024;
const EXTERNAL = 1;

/** Where a tensor's bytes lie: `path` without symbolic links, `name` as the model calls the file. */
export interface FileSpan {
  path: string;
  name: string;
  offset: number;
  length: number;
}

/** A weight or constant of a graph. Large ones are known by their place in a file alone. */
export interface Initializer {
  name: string;
  /** TensorProto.DataType. */
  dataType: number;
  dims: number[];
  /** Absent where the data are small and stand in `fields`. */
  span?: FileSpan;
  /** Everything of the TensorProto but the data that `span` says. */
  fields: WireField[];
}

/**
 * Reads the TensorProto at `[start, end)` of a model's file without its data. Data inside the file count as external data at their offset.
 * Refuses data that are shorter or longer than the dimensions ask, and external files that are missing or too short.
 */
export function readInitializer(file: FileWindow, realPath: string, start: number, end: number): Initializer {
  const fields: WireField[] = [];
  let span: FileSpan | undefined;
  let rawLength: number | undefined;
  for (const place of file.fields(start, end)) {
    const length = place.end - place.valueStart;
    const fixedWidth =
      place.number === TENSOR.rawData || place.number === TENSOR.floatData || place.number === TENSOR.doubleData;
    if (place.number === TENSOR.rawData) {
      rawLength = length;
    }
    if (fixedWidth && length >= LARGE) {
      span = { path: realPath, name: basename(file.path), offset: place.valueStart, length };
      continue;
    }
    const raw = file.bytes(place.start, place.end - place.start);
    fields.push({
      number: place.number,
      wire: place.wire,
      raw,
      value: raw.subarray(place.valueStart - place.start),
    });
  }
  const tensor: Initializer = {
    name: firstText(fields, TENSOR.name),
    dataType: firstInteger(fields, TENSOR.dataType) ?? 0,
    dims: integersOf(fields, TENSOR.dims),
    fields,
  };
  const wanted = byteLength(tensor);
  if (firstInteger(fields, TENSOR.dataLocation) === EXTERNAL) {
    span = externalSpan(file.path, realPath, tensor, wanted);
    tensor.fields = fields.filter(
      (field) => field.number !== TENSOR.externalData && field.number !== TENSOR.dataLocation,
    );
  } else if (rawLength !== undefined && wanted !== undefined && rawLength !== wanted) {
    throw refused(
      `${file.path}: tensor "${tensor.name}" with dimensions [${tensor.dims.join(", ")}] should have ${wanted} bytes of raw_data, but has ${rawLength}.`,
    );
  }
  return span === undefined ? tensor : { ...tensor, span };
}

function byteLength(tensor: { dataType: number; dims: number[] }): number | undefined {
  const bits = ELEMENT_BITS[tensor.dataType];
  return bits === undefined ? undefined : Math.ceil((tensor.dims.reduce((a, b) => a * b, 1) * bits) / 8);
}

function externalSpan(modelPath: string, realPath: string, tensor: Initializer, wanted: number | undefined): FileSpan {
  const entries = new Map<string, string>();
  for (const field of tensor.fields) {
    if (field.number === TENSOR.externalData) {
      const entry = wireFields(field.value);
      entries.set(firstText(entry, ENTRY.key), firstText(entry, ENTRY.value));
    }
  }
  const name = entries.get("location") ?? "";
  // beside the file as it is called; or beside what a link to the graph alone points to
  const beside = [modelPath, realPath].map((model) => join(dirname(model), name));
  const path = beside.find((candidate) => existsSync(candidate)) ?? beside[0] ?? name;
  const place = `${modelPath}: tensor "${tensor.name}" has its data in "${name}"`;
  if (name === "" || isAbsolute(name) || normalize(name).startsWith("..")) {
    throw refused(`${place}, but external data must be a file in the model's own folder.`);
  }
  if (!existsSync(path)) {
    throw refused(`${place}, but ${path} does not exist. The model is not complete without this file.`);
  }
  const offset = Number(entries.get("offset") ?? 0);
  const size = statSync(path).size;
  const length = Number(entries.get("length") ?? wanted ?? size - offset);
  if (wanted !== undefined && length !== wanted) {
    throw refused(
      `${place}, field length is ${length}, but dimensions [${tensor.dims.join(", ")}] ask for ${wanted} bytes.`,
    );
  }
  if (offset + length > size) {
    throw refused(
      `${place} at bytes ${offset} to ${offset + length}, but ${path} has ${size} bytes: the file is truncated or belongs to another export.`,
    );
  }
  return { path: realpathSync(path), name, offset, length };
}

/** The TensorProto with its data as external data relative to `folder`, which must hold the file. */
export function writeInitializer(tensor: Initializer, folder: string): Uint8Array {
  return message((writer) => {
    for (const field of tensor.fields) {
      writer.raw(field.raw);
    }
    if (tensor.span === undefined) {
      return;
    }
    const entries = {
      location: relative(folder, tensor.span.path).replaceAll("\\", "/"),
      offset: String(tensor.span.offset),
      length: String(tensor.span.length),
    };
    for (const [key, value] of Object.entries(entries)) {
      const entry = message((inner) => {
        writeText(inner, ENTRY.key, key);
        writeText(inner, ENTRY.value, value);
      });
      writeBytes(writer, TENSOR.externalData, entry);
    }
    writeInteger(writer, TENSOR.dataLocation, EXTERNAL);
  });
}
