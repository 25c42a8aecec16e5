import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import { readSafetensorsFloats, readSafetensorsHeader, type SafetensorsHeader } from "../../../sidecar/files/safetensors.ts";

/** What `golden.json` beside the exports of one architecture says; PyTorch's forward hooks made it, see test/reference/. */
export interface Golden {
  folder: string;
  architecture: string;
  layers: number;
  dModel: number;
  vocabSize: number;
  hookPoints: HookPoint[];
  sequences: number[][];
  exports: Record<string, { exporter: string; kv: string; precision: string; differs: number }>;
  /** By condition: the greedy ids of each sequence. */
  conditions: Record<string, { ids: number[][] }>;
  tensors: SafetensorsHeader;
}

export async function readGolden(folder: string): Promise<Golden> {
  const json = JSON.parse(readFileSync(join(folder, "golden.json"), "utf8")) as Omit<Golden, "folder" | "tensors">;
  return { ...json, folder, tensors: await readSafetensorsHeader(join(folder, "golden.safetensors")) };
}

/** A golden tensor `[sequence, position, width]`, cut to one sequence's own rows. */
export async function goldenRows(golden: Golden, name: string, sequence: number, rows: number): Promise<Float32Array> {
  const { shape, data } = await readSafetensorsFloats(golden.tensors, name);
  const [, positions = 0, width = 0] = shape;
  return data.subarray(sequence * positions * width, (sequence * positions + rows) * width);
}
