import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { parse } from "yaml";
import { z } from "zod";
import { refused } from "../../../shared/errors.ts";
import type { FeatureReference, LabelledFeature } from "../../../shared/protocol/feature-messages.ts";

/** What features are called, by layer and number. */
export class FeatureLabels {
  readonly #labels: ReadonlyMap<string, string>;

  constructor(labels: ReadonlyMap<string, string>) {
    this.#labels = labels;
  }

  named({ layer, feature }: FeatureReference): LabelledFeature {
    return { layer, feature, label: this.#labels.get(`${layer}/${feature}`) ?? "" };
  }

  /** Every feature whose label holds all words, by layer and number. */
  with(words: readonly string[]): LabelledFeature[] {
    const found: LabelledFeature[] = [];
    for (const [key, label] of this.#labels) {
      const text = label.toLowerCase();
      if (!words.every((word) => text.includes(word))) continue;
      const [layer, feature] = key.split("/").map(Number) as [number, number];
      found.push({ layer, feature, label });
    }
    return found.sort((a, b) => a.layer - b.layer || a.feature - b.feature);
  }
}

/** Where no file was named. */
export const NO_LABELS = new FeatureLabels(new Map());

/** The user's notes beside an export: what "Add Label" writes, and what wins over it. */
export const NOTES_FILE = "features.notes.yaml";

const NOTES = /\.ya?ml$/i;
const EXPORT = /\.jsonl?(\.gz)?$/i;

/** The last labels that were read; an export of a wide dictionary has 100,000 lines, and every click on a cell needs it. */
let kept: { state: string; labels: FeatureLabels } | null = null;

/**
 * Labels of a file, none for `null`: an export of Neuronpedia (`.json` or `.jsonl`, also gzipped: records with `layer`, such as
 * "20-gemmascope-res-16k", `index` and `description`), or the user's own notes in YAML, a line `layer/feature: label` each. Of a folder,
 * every such file in it and below it, since exports come in batches. Notes win over exports, and `features.notes.yaml` beside a file is read too.
 * Refused, by file and line or key: what is neither.
 */
export async function readFeatureLabels(path: string | null): Promise<FeatureLabels> {
  if (path === null) return NO_LABELS;
  const files = await labelFiles(path);
  const state = files.map(({ file, mtimeMs, size }) => `${file}\n${mtimeMs}\n${size}`).join("\n");
  if (kept?.state === state) return kept.labels;
  const all = new Map<string, string>();
  for (const { file } of files) {
    for (const [key, label] of await readLabels(file)) all.set(key, label);
  }
  kept = { state, labels: new FeatureLabels(all) };
  return kept.labels;
}

interface LabelFile {
  file: string;
  mtimeMs: number;
  size: number;
}

/** The files that labels stand in, those that win last. */
async function labelFiles(path: string): Promise<LabelFile[]> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw refused(`refract.featureLabels: there is no file ${path}.`);
  const inside = found.isDirectory() ? await readdir(path, { recursive: true }) : [];
  const exports = inside.filter((name) => EXPORT.test(name)).map((name) => join(path, name));
  const own = inside.filter((name) => NOTES.test(name)).map((name) => join(path, name));
  const beside = join(dirname(path), NOTES_FILE);
  const names = found.isDirectory() ? [...exports.sort(), ...own.sort()] : [...new Set([path, beside])];
  const stated = await Promise.all(
    names.map(async (file) => {
      const known = await stat(file).catch(() => null);
      return known === null ? [] : [{ file, mtimeMs: known.mtimeMs, size: known.size }];
    }),
  );
  const files = stated.flat();
  if (files.length === 0) {
    throw refused(`refract.featureLabels: ${path} holds no .json, .jsonl or .yaml file with labels.`);
  }
  return files;
}

async function readLabels(path: string): Promise<Map<string, string>> {
  const bytes = await readFile(path);
  const packed = path.toLowerCase().endsWith(".gz");
  const text = (packed ? await unpack(path, bytes) : bytes).toString("utf8");
  const name = packed ? path.slice(0, -3) : path;
  if (/\.ya?ml$/i.test(name)) return notes(path, text);
  if (/\.jsonl$/i.test(name)) return exportLines(path, text);
  if (/\.json$/i.test(name)) return exportList(path, text);
  throw refused(
    `refract.featureLabels: ${path} is neither .json or .jsonl (an export of Neuronpedia) nor .yaml (notes).`,
  );
}

async function unpack(path: string, bytes: Buffer): Promise<Buffer> {
  try {
    return await promisify(gunzip)(bytes);
  } catch (cause) {
    throw refused(`${path}: cannot be unpacked as gzip.`, cause);
  }
}

function notes(path: string, text: string): Map<string, string> {
  let value: unknown;
  try {
    value = parse(text);
  } catch (cause) {
    throw refused(
      `${path}: cannot be read as YAML (${cause instanceof Error ? cause.message : String(cause)}).`,
      cause,
    );
  }
  const lines = z.record(z.string(), z.union([z.string(), z.number()])).safeParse(value ?? {});
  if (!lines.success) throw refused(`${path}: expected lines "layer/feature: label", such as "4/512: intrusion".`);
  const labels = new Map<string, string>();
  for (const [key, label] of Object.entries(lines.data)) {
    const place = /^L?(\d+)\s*\/\s*#?(\d+)$/i.exec(key.trim());
    if (place === null) throw refused(`${path}: "${key}": expected layer/feature, such as 4/512.`);
    labels.set(`${Number(place[1])}/${Number(place[2])}`, String(label));
  }
  return labels;
}

/** A record of Neuronpedia's: one of its explanations, or one of its features with their explanations. */
const recordSchema = z.object({
  layer: z.union([z.string(), z.number()]).transform(String),
  index: z.union([z.string(), z.number()]).transform(Number).pipe(z.int().min(0)),
  description: z.string().nullish(),
  explanations: z.array(z.object({ description: z.string() })).nullish(),
});

function exportLines(path: string, text: string): Map<string, string> {
  const labels = new Map<string, string>();
  text.split("\n").forEach((line, at) => {
    if (line.trim() !== "") addRecord(labels, `${path}: line ${at + 1}`, parseJson(`${path}: line ${at + 1}`, line));
  });
  return labels;
}

function exportList(path: string, text: string): Map<string, string> {
  const value = parseJson(path, text);
  const labels = new Map<string, string>();
  for (const [at, record] of recordsOf(value).entries()) addRecord(labels, `${path}: record ${at}`, record);
  return labels;
}

/** A list of records, the same under `explanations`, or one record alone. */
function recordsOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  const wrapped = z.object({ explanations: z.array(z.unknown()), index: z.never().optional() }).safeParse(value);
  return wrapped.success ? wrapped.data.explanations : [value];
}

function parseJson(where: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw refused(
      `${where}: cannot be read as JSON (${cause instanceof Error ? cause.message : String(cause)}).`,
      cause,
    );
  }
}

/** The first explanation of a feature is its label: exports put the one that is shown first. */
function addRecord(labels: Map<string, string>, where: string, value: unknown): void {
  const record = recordSchema.safeParse(value);
  const layer = record.success ? /^\d+/.exec(record.data.layer)?.[0] : undefined;
  if (!record.success || layer === undefined) {
    throw refused(
      `${where}: expected layer ("20-gemmascope-res-16k"), index and description, as Neuronpedia exports them.`,
    );
  }
  const { index, description, explanations } = record.data;
  const label = description ?? explanations?.[0]?.description ?? "";
  const key = `${Number(layer)}/${index}`;
  if (label !== "" && !labels.has(key)) labels.set(key, label.trim());
}
