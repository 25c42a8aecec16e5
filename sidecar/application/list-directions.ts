import { existsSync } from "node:fs";
import { basename, extname } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { DirectionReference } from "../../shared/protocol/inspect-messages.ts";
import { readSafetensorsHeader } from "../files/safetensors.ts";

/** The directions that a projection can read: those of a file, or those of `own`, where there is such a file. */
export async function listDirections(file: string | null, own: string): Promise<DirectionReference[]> {
  const path = file ?? own;
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
