import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** What test/reference wrote of a tiny model. */
export interface Golden {
  architecture: string;
  layers: number;
  dModel: number;
  vocabSize: number;
  hookPoints: string[];
  sequences: number[][];
  exports: Record<string, { exporter: string; kv: string; precision: string; golden?: string }>;
}

export interface FixtureExport {
  /** `architecture/export`. */
  name: string;
  folder: string;
  /** The export's own folder. */
  path: string;
  golden: Golden;
  export: Golden["exports"][string];
}

const MODELS = join(import.meta.dirname, "../../fixtures/models");

export function fixture(architecture: string, name: string): string {
  return join(MODELS, architecture, name);
}

/** Every export of every tiny model. */
export function fixtureExports(): FixtureExport[] {
  return readdirSync(MODELS).flatMap((architecture) => {
    const folder = join(MODELS, architecture);
    const file = join(folder, "golden.json");
    if (!existsSync(file)) {
      return [];
    }
    const golden = JSON.parse(readFileSync(file, "utf8")) as Golden;
    return Object.entries(golden.exports).map(([name, about]) => ({
      name: `${architecture}/${name}`,
      folder,
      path: join(folder, name),
      golden,
      export: about,
    }));
  });
}
