import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import {
  readSafetensorsFloats,
  readSafetensorsHeader,
  type SafetensorsHeader,
} from "../../../sidecar/files/safetensors.ts";

/** What one architecture's `golden.json` says; PyTorch's forward hooks made it, see test/reference/README.md. */
export interface GoldenModel {
  folder: string;
  layers: number;
  dModel: number;
  hookPoints: HookPoint[];
  sequences: number[][];
  newTokens: number;
  exports: Record<string, { kv: string; precision: string; golden?: string; streamDiffers?: number }>;
}

/** Golden values of one export: PyTorch's for float32, the untouched export's own in ONNX Runtime for narrower weights. */
export interface GoldenValues {
  conditions: Record<string, { ids: number[][] }>;
  tensors: SafetensorsHeader;
}

const FIXTURES = join(import.meta.dirname, "..", "..", "fixtures", "models");

/** Every fixture folder that has golden values. */
export function goldenModels(root: string = FIXTURES): GoldenModel[] {
  return readdirSync(root)
    .map((name) => join(root, name))
    .filter((folder) => existsSync(join(folder, "golden.json")))
    .map((folder) => ({ ...readJson<GoldenModel>(join(folder, "golden.json")), folder }));
}

/** Golden values of an export of a model. */
export async function goldenValues(model: GoldenModel, name: string): Promise<GoldenValues> {
  const file = model.exports[name]?.golden ?? "golden.json";
  const json = readJson<{ conditions: GoldenValues["conditions"]; captures?: string }>(join(model.folder, file));
  const captures = json.captures ?? file.replace(/\.json$/, ".safetensors");
  return { conditions: json.conditions, tensors: await readSafetensorsHeader(join(model.folder, captures)) };
}

function readJson<T>(path: string): T {
  return JSON.parse(readFileSync(path, "utf8")) as T;
}

/** A golden tensor `[sequence, position, width]`, cut to one sequence's own rows. */
export async function goldenRows(
  { tensors }: GoldenValues,
  name: string,
  sequence: number,
  rows: number,
): Promise<Float32Array> {
  const { shape, data } = await readSafetensorsFloats(tensors, name);
  const [, positions = 0, width = 0] = shape;
  return data.subarray(sequence * positions * width, (sequence * positions + rows) * width);
}
