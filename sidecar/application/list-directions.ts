import { existsSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { DirectionReference } from "../../shared/protocol/inspect-messages.ts";
import { readSafetensorsHeader } from "../files/safetensors.ts";

/** A model may bring directions of its own under this name. */
const OWN = "directions.safetensors";

/** The directions that a projection can read: those of a file, or the ones that lie beside the model. */
export async function listDirections(file: string | null, modelFolder: string): Promise<DirectionReference[]> {
  const path = file ?? join(modelFolder, OWN);
  if (!existsSync(path)) {
    if (file === null) return [];
    throw refused(`refract.directions: there is no file ${path}.`);
  }
  switch (extname(path).toLowerCase()) {
    case ".safetensors": {
      const header = await readSafetensorsHeader(path);
      return [...header.entries].flatMap(([name, { shape }]) =>
        shape.length === 1 || (shape.length === 2 && shape[0] === 1) ? [{ name, vector: `${path}#${name}` }] : [],
      );
    }
    case ".npy":
      return [{ name: basename(path, ".npy"), vector: path }];
    default:
      throw refused(`refract.directions: ${path} is neither safetensors nor npy.`);
  }
}
