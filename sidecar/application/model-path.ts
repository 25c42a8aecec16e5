import { join } from "node:path";

/** The model, prompts and specs that ship with the product; the same place from the sources and from the bundle. */
export const SAMPLES = join(import.meta.dirname, "..", "..", "extension", "samples");

/** The folder or file that a user's MODEL means: `demo`, or a path that `resolve` makes absolute. */
export function modelPath(model: string, resolve: (path: string) => string): string {
  return model === "demo" ? join(SAMPLES, "model") : resolve(model);
}
