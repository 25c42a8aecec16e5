import { z } from "zod";

const sourceSchema = z.strictObject({
  id: z.string().min(1),
  title: z.string(),
  parent: z.string().optional(),
  /** Values of a prompt's `category` that belong to this source. */
  categories: z.array(z.string()).default([]),
  /** Conditions under any of which a request counts as harmful; absent: always. */
  conditions: z.array(z.record(z.string(), z.string())).default([]),
  /** Places in other taxonomies (AIRO, the MIT AI Risk Repository, ...). */
  links: z.array(z.strictObject({ to: z.string(), id: z.string(), title: z.string().optional() })).default([]),
});

/** `*.taxonomy.yaml`: sources of harm, each with its conditions, a parent and links to other taxonomies. */
export const taxonomySchema = z.strictObject({
  "refract-taxonomy": z.literal(1),
  name: z.string(),
  sources: z.array(sourceSchema).min(1),
});
export type Taxonomy = z.infer<typeof taxonomySchema>;

/** The source that a category belongs to; null where the taxonomy has none. */
function sourceOf(taxonomy: Taxonomy, category: string) {
  return taxonomy.sources.find(({ categories }) => categories.includes(category)) ?? null;
}

/** The outermost source that a category lies in, by its id. */
export function rootOf(taxonomy: Taxonomy, category: string): string | null {
  let source = sourceOf(taxonomy, category);
  for (const _ of taxonomy.sources) {
    const parent = taxonomy.sources.find(({ id }) => id === source?.parent);
    if (!parent) break;
    source = parent;
  }
  return source?.id ?? null;
}

/** Names of the conditions under which a category counts as harmful. */
export function conditionNames(taxonomy: Taxonomy, category: string): string[] {
  return [...new Set((sourceOf(taxonomy, category)?.conditions ?? []).flatMap((condition) => Object.keys(condition)))];
}
