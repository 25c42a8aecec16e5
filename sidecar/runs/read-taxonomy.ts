import { existsSync, readFileSync } from "node:fs";
import { parse } from "yaml";
import { refused } from "../../shared/errors.ts";
import { type Taxonomy, taxonomySchema } from "../../shared/spec/taxonomy.ts";

/** Reads a taxonomy file; refused with file and field where it is none, names a parent that is not in it, or gives a category twice. */
export function readTaxonomy(path: string): Taxonomy {
  if (!existsSync(path)) throw refused(`${path}: there is no such taxonomy file.`);
  let value: unknown;
  try {
    value = parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw refused(`${path}: is not YAML (${cause instanceof Error ? cause.message : String(cause)}).`, cause);
  }
  const parsed = taxonomySchema.safeParse(value);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw refused(`${path}: ${issue?.path.join(".")}: ${issue?.message}.`);
  }
  const { sources } = parsed.data;
  const seen = new Map<string, string>();
  for (const { id, parent, categories } of sources) {
    if (parent !== undefined && !sources.some((source) => source.id === parent)) {
      throw refused(
        `${path}: source ${id} has the parent "${parent}", which is not in the file (sources: ${sources.map((source) => source.id).join(", ")}).`,
      );
    }
    for (const category of categories) {
      const other = seen.get(category);
      if (other !== undefined)
        throw refused(`${path}: category "${category}" belongs to ${other} and to ${id}; expected one source.`);
      seen.set(category, id);
    }
  }
  return parsed.data;
}
