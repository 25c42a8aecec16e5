import type { Site } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { Direction } from "../../shared/plugin/direction.ts";
import type { DirectionReference } from "../../shared/protocol/inspect-messages.ts";
import { loadVectors } from "../edits/load-vectors.ts";

/** Loads a direction that the user named, as a projection reads it: the vector is everything, its provenance is the file's business. */
export async function readDirection(reference: DirectionReference, site: Site, dModel: number): Promise<Direction> {
  const { rows, label } = await loadVectors(reference.vector, "/", dModel);
  const [vector] = rows;
  if (vector === undefined || rows.length > 1) {
    throw refused(`${label}: holds ${rows.length} vectors; a projection reads one.`);
  }
  return {
    name: reference.name,
    at: `${site}.0`,
    vector,
    provenance: { method: "given", modelHash: null, precision: null, templateHash: null, position: null, prompts: [] },
  };
}
