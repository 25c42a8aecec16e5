import { join } from "node:path";

/** The model that ships with the product; the same place from the sources and from the bundle. */
const DEMO = join(import.meta.dirname, "..", "..", "extension", "samples", "model");

/** The folder or file that a user's MODEL means: `demo`, or a path that `resolve` makes absolute. */
export function modelPath(model: string, resolve: (path: string) => string): string {
  return model === "demo" ? DEMO : resolve(model);
}
