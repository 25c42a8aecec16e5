import { stat } from "node:fs/promises";
import { refused } from "../../shared/errors.ts";
import type { Dictionary, DictionaryFormat } from "../../shared/plugin/dictionary-format.ts";
import { saeLens } from "./saelens.ts";

/** The formats that ship with the product; plugins may add more. */
export const BUILT_IN_FORMATS: readonly DictionaryFormat[] = [saeLens];

/**
 * Opens every dictionary at `path`, in the format that its content shows.
 * Refused: nothing there, no format fits, or several do and `format` (a format's id) does not choose.
 */
export async function openDictionaries(
  path: string,
  formats: readonly DictionaryFormat[],
  format?: string,
): Promise<Dictionary[]> {
  const exists = await stat(path).catch(() => null);
  if (exists === null) throw refused(`${path}: there is no such dictionary`);
  const known = formats.map(({ id }) => id).join(", ");
  if (format !== undefined) {
    const chosen = formats.find(({ id }) => id === format);
    if (chosen === undefined) throw refused(`there is no dictionary format "${format}" (known: ${known})`);
    return chosen.open(path);
  }
  const fitting: DictionaryFormat[] = [];
  for (const candidate of formats) if (await candidate.recognise(path)) fitting.push(candidate);
  const [first, ...others] = fitting;
  if (first === undefined) throw refused(`${path}: is in no known dictionary format (known: ${known})`);
  if (others.length > 0) {
    throw refused(
      `${path}: fits several dictionary formats (${fitting.map(({ id }) => id).join(", ")}); choose one with --dictionary-format`,
    );
  }
  return first.open(path);
}
