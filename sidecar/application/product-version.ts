import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const manifest = z.object({ version: z.string() });

/** The product's version, from its package.json; the same place from the sources and from the bundle. */
export function productVersion(): string {
  const path = join(import.meta.dirname, "..", "..", "package.json");
  return manifest.parse(JSON.parse(readFileSync(path, "utf8"))).version;
}
