import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseHookPoint } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { Dictionary, DictionaryFormat } from "../../shared/plugin/dictionary-format.ts";
import { dictionaryLearning } from "./dictionary-learning.ts";
import { refuseNotFinite } from "./finite.ts";
import { gemmaScope } from "./gemma-scope.ts";
import { gemmaScope2 } from "./gemma-scope-2.ts";
import { llamaScope } from "./llama-scope.ts";
import { saeLens } from "./saelens.ts";
import { sparsify } from "./sparsify.ts";

/** The formats that ship with the product; plugins may add more. */
export const BUILT_IN_FORMATS: readonly DictionaryFormat[] = [
  saeLens,
  gemmaScope,
  gemmaScope2,
  llamaScope,
  sparsify,
  dictionaryLearning,
];

/** How deep a suite's folders may lie: `suite/resid_post/layer_N/width_W/average_l0_K`. */
const DEPTH = 5;
const MOST_FOLDERS = 4096;

/**
 * Opens every dictionary at `path`, in the format that its content shows: one, or a suite with those of every folder below it, in the order
 * of their hook points. Refused: nothing there, no format fits, several do and `format` (a format's id) does not choose, NaN in the weights.
 */
export async function openDictionaries(
  path: string,
  formats: readonly DictionaryFormat[],
  format?: string,
): Promise<Dictionary[]> {
  const exists = await stat(path).catch(() => null);
  if (exists === null) throw refused(`${path}: there is no such dictionary`);
  const known = formats.map(({ id }) => id).join(", ");
  if (format !== undefined && !formats.some(({ id }) => id === format)) {
    throw refused(`there is no dictionary format "${format}" (known: ${known})`);
  }
  const usable = format === undefined ? formats : formats.filter(({ id }) => id === format);
  const here = await openOne(path, usable);
  const found = here ?? (exists.isDirectory() ? await openSuite(path, usable) : []);
  if (found.length === 0) throw refused(`${path}: is in no known dictionary format (known: ${known})`);
  for (const dictionary of found) await refuseNotFinite(dictionary);
  return found;
}

/** The dictionaries of a path that a format recognises; `null` where none does. */
async function openOne(path: string, formats: readonly DictionaryFormat[]): Promise<Dictionary[] | null> {
  const fitting: DictionaryFormat[] = [];
  for (const candidate of formats) if (await candidate.recognise(path)) fitting.push(candidate);
  const [first, ...others] = fitting;
  if (first === undefined) return null;
  if (others.length > 0) {
    throw refused(
      `${path}: fits several dictionary formats (${fitting.map(({ id }) => id).join(", ")}); choose one with --dictionary-format`,
    );
  }
  return first.open(path);
}

async function openSuite(path: string, formats: readonly DictionaryFormat[]): Promise<Dictionary[]> {
  const found: Dictionary[] = [];
  let folders = 0;
  const descend = async (folder: string, depth: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }))) {
      if (!(entry.isDirectory() || entry.isSymbolicLink()) || entry.name.startsWith(".")) continue;
      folders += 1;
      if (folders > MOST_FOLDERS) {
        throw refused(`${path}: has more than ${MOST_FOLDERS} folders below it: name the suite's own folder`);
      }
      const below = join(folder, entry.name);
      if ((await stat(below).catch(() => null))?.isDirectory() !== true) continue;
      const opened = await openOne(below, formats);
      if (opened !== null) found.push(...opened);
      else if (depth < DEPTH) await descend(below, depth + 1);
    }
  };
  await descend(path, 1);
  return found.sort((a, b) => layerOf(a) - layerOf(b));
}

function layerOf({ reads }: Dictionary): number {
  return parseHookPoint(reads)?.layer ?? 0;
}
