import { stat } from "node:fs/promises";
import { join } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { Dictionary, DictionaryFormat } from "../../shared/plugin/dictionary-format.ts";
import { openDictionaries } from "../dictionaries/open-dictionary.ts";
import type { LoadedModel } from "./application.ts";

/** Suites that were opened, by path and stream width: they are described once, and their weights stay in their files. */
const opened = new Map<string, Promise<Dictionary[]>>();

/**
 * A model's suite: the dictionaries of the folder or file that the user named, or, for `null`, of the folder `dictionaries` beside the model;
 * without one there, none. Those that read another width than the stream's are left out. Refused: what was named is not there, or none of it fits.
 */
export function suiteOf(
  { path, engine }: LoadedModel,
  named: string | null,
  formats: readonly DictionaryFormat[],
): Promise<Dictionary[]> {
  const { dModel } = engine.model;
  const place = named ?? join(path, "dictionaries");
  const key = `${place}\n${dModel}`;
  const known = opened.get(key);
  if (known !== undefined) return known;
  const opening = openSuite(place, named !== null, dModel, formats);
  opened.set(key, opening);
  opening.catch(() => opened.delete(key));
  return opening;
}

async function openSuite(
  place: string,
  named: boolean,
  dModel: number,
  formats: readonly DictionaryFormat[],
): Promise<Dictionary[]> {
  const found = await stat(place).catch(() => null);
  if (named && found === null) throw refused(`refract.dictionaries: there is no file or folder ${place}.`);
  if (found === null || !(named || found.isDirectory())) return [];
  const all = await openDictionaries(place, formats);
  const suite = all.filter(({ dIn }) => dIn === dModel);
  if (named && suite.length === 0) {
    const widths = [...new Set(all.map(({ dIn }) => dIn))].join(", ");
    throw refused(
      `refract.dictionaries: the dictionaries of ${place} read ${widths} values, and this model's stream has ${dModel}.`,
    );
  }
  return suite;
}
