import { basename, dirname, join } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { FeatureReference } from "../../shared/protocol/feature-messages.ts";

/** The user's own labels, beside whatever else labels come from; what is in it wins. */
const NOTES_FILE = "features.notes.yaml";

/** Where a label is written: the notes that the setting names, else the notes in its folder or beside its export. */
export function notesFile(setting: string, isFolder: boolean): string {
  if (isFolder) return join(setting, NOTES_FILE);
  return /\.ya?ml$/i.test(basename(setting)) ? setting : join(dirname(setting), NOTES_FILE);
}

/** Where notes begin in a workspace that has no labels yet. */
export function firstNotesFile(folder: string): string {
  return join(folder, NOTES_FILE);
}

/**
 * The notes' text with a feature's label set, or taken away where it is empty; everything else, comments included, stays as it is.
 * Refused: notes that are no lines `layer/feature: label`.
 */
export async function notesWithLabel(
  text: string,
  { layer, feature }: FeatureReference,
  label: string,
): Promise<string> {
  const { isMap, isScalar, parseDocument } = await import("yaml");
  const document = parseDocument(text);
  const { contents } = document;
  if (document.errors.length > 0 || (contents !== null && !isMap(contents))) {
    throw refused('The notes are not lines "layer/feature: label", such as "4/512: intrusion": mend them first.');
  }
  const place = new RegExp(`^L?0*${layer}\\s*/\\s*#?0*${feature}$`, "i");
  const known = contents?.items.map(({ key }) => (isScalar(key) ? String(key.value) : "")) ?? [];
  const key = known.find((name) => place.test(name.trim())) ?? `${layer}/${feature}`;
  if (label === "") document.delete(key);
  else document.set(key, label);
  return document.toString({ lineWidth: 0 });
}
