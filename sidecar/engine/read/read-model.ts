import { createHash, type Hash } from "node:crypto";
import { realpathSync, statSync } from "node:fs";
import { dirname, relative } from "node:path";

import { RefractError, refused } from "../../../shared/errors.ts";
import { type FieldPlace, FileWindow } from "./file-window.ts";
import { type GraphNode, parseNode } from "./graph-node.ts";
import { type Initializer, readInitializer } from "./initializer.ts";
import { GRAPH, MODEL, OPSET } from "./onnx-fields.ts";
import type { OnnxGraph, OnnxModel } from "./onnx-model.ts";
import { parseValueInfo, type ValueInfo } from "./value-info.ts";
import { firstInteger, firstText, type WireField, wireFields } from "./wire-field.ts";

const SAMPLES = 64;
const SAMPLE_BYTES = 256;

/**
 * Reads an .onnx file without its weights: they are skipped over, so that size does not matter.
 * Refuses a file that is truncated or no ONNX model, and weights whose files are missing or too short.
 */
export function readModel(path: string): OnnxModel {
  const file = open(path);
  try {
    return scan(file);
  } catch (error) {
    if (error instanceof RefractError) {
      throw error;
    }
    throw refused(`${path} is not a whole ONNX model: ${explain(file, error)}.`, error);
  } finally {
    file.close();
  }
}

function open(path: string): FileWindow {
  try {
    return new FileWindow(path);
  } catch (error) {
    throw refused(`${path} cannot be read: ${error instanceof Error ? error.message : String(error)}.`, error);
  }
}

function explain(file: FileWindow, error: unknown): string {
  const head = new TextDecoder().decode(file.bytes(0, 64));
  if (head.startsWith("version https://git-lfs")) {
    return "it is a Git LFS pointer, the file itself was not downloaded";
  }
  const reason = error instanceof Error ? error.message : String(error);
  return `it is truncated, or another kind of file (${reason}; it has ${file.size} bytes)`;
}

function scan(file: FileWindow): OnnxModel {
  const realPath = realpathSync(file.path);
  const hash = createHash("sha256");
  const rest: WireField[] = [];
  let graphPlace: FieldPlace | undefined;
  let irVersion = 0;
  for (const place of file.fields(0, file.size)) {
    if (place.number === MODEL.graph) {
      graphPlace = place;
      continue;
    }
    const field = fieldAt(file, place);
    if (place.number === MODEL.irVersion) {
      irVersion = firstInteger([field], MODEL.irVersion) ?? 0;
      continue;
    }
    rest.push(field);
    hash.update(field.raw);
  }
  if (graphPlace === undefined) {
    throw refused(`${file.path} is not an ONNX model: it has no field graph.`);
  }
  const graph = scanGraph(file, realPath, graphPlace, hash);
  hashWeights(graph.initializers, hash);
  return {
    path: file.path,
    irVersion,
    producerName: firstText(rest, MODEL.producerName),
    producerVersion: firstText(rest, MODEL.producerVersion),
    opsets: opsets(rest),
    graph,
    rest,
    weightsFolder: commonFolder(graph.initializers, realPath),
    hash: hash.digest("hex"),
  };
}

function fieldAt(file: FileWindow, place: FieldPlace): WireField {
  const raw = file.bytes(place.start, place.end - place.start);
  return { number: place.number, wire: place.wire, raw, value: raw.subarray(place.valueStart - place.start) };
}

function scanGraph(file: FileWindow, realPath: string, graph: FieldPlace, hash: Hash): OnnxGraph {
  const nodes: GraphNode[] = [];
  const initializers = new Map<string, Initializer>();
  const inputs: ValueInfo[] = [];
  const outputs: ValueInfo[] = [];
  const values = new Map<string, ValueInfo>();
  const rest: WireField[] = [];
  for (const place of file.fields(graph.valueStart, graph.end)) {
    if (place.number === GRAPH.initializer) {
      const tensor = readInitializer(file, realPath, place.valueStart, place.end);
      initializers.set(tensor.name, tensor);
      for (const field of tensor.fields) {
        hash.update(field.raw);
      }
      continue;
    }
    const field = fieldAt(file, place);
    hash.update(field.raw);
    if (place.number === GRAPH.node) {
      nodes.push(parseNode(field.value));
    } else if (place.number === GRAPH.input) {
      inputs.push(parseValueInfo(field.value));
    } else if (place.number === GRAPH.output) {
      outputs.push(parseValueInfo(field.value));
    } else if (place.number === GRAPH.valueInfo) {
      const value = parseValueInfo(field.value);
      values.set(value.name, value);
    } else {
      rest.push(field);
    }
  }
  return {
    nodes,
    initializers,
    inputs: inputs.filter((input) => !initializers.has(input.name)),
    outputs,
    values,
    rest,
  };
}

function opsets(rest: readonly WireField[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const field of rest) {
    if (field.number === MODEL.opsetImport) {
      const parts = wireFields(field.value);
      const domain = firstText(parts, OPSET.domain);
      found.set(domain === "ai.onnx" ? "" : domain, firstInteger(parts, OPSET.version) ?? 0);
    }
  }
  return found;
}

/** Two fine-tunes of one model have equal graphs and equal sizes, so a few bytes of the weights count as well. */
function hashWeights(initializers: ReadonlyMap<string, Initializer>, hash: Hash): void {
  const spans = [...initializers.values()].flatMap((tensor) => (tensor.span ? [tensor.span] : []));
  const files = new Map(spans.map((span) => [span.path, span.name]));
  for (const [path, name] of files) {
    hash.update(`${name} ${statSync(path).size}\n`);
  }
  const step = Math.max(1, Math.floor(spans.length / SAMPLES));
  const sampled = spans.filter((_, index) => index % step === 0);
  for (const path of files.keys()) {
    const file = new FileWindow(path);
    for (const span of sampled.filter((candidate) => candidate.path === path)) {
      hash.update(file.bytes(span.offset, Math.min(SAMPLE_BYTES, span.length)));
    }
    file.close();
  }
}

function commonFolder(initializers: ReadonlyMap<string, Initializer>, realPath: string): string {
  const paths = new Set([...initializers.values()].flatMap((tensor) => (tensor.span ? [tensor.span.path] : [])));
  let folder = dirname([...paths][0] ?? realPath);
  for (const path of paths) {
    while (folder !== dirname(folder) && relative(folder, path).startsWith("..")) {
      folder = dirname(folder);
    }
  }
  return folder;
}
