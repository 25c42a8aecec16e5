import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Activations } from "../../../sidecar/statistics/activations.ts";

const FIXTURES = join(import.meta.dirname, "../../fixtures/statistics");

/** Golden values that `test/reference/statistics/make.py` wrote; the file names the packages and versions that made them. */
export function golden<T>(name: string): T {
  return JSON.parse(readFileSync(join(FIXTURES, `${name}.json`), "utf8")) as T;
}

/** Rows as activations, each its own base prompt unless said. */
export function activationsOf(rows: readonly (readonly number[])[], base?: readonly string[]): Activations {
  return {
    data: Float64Array.from(rows.flat()),
    d: rows[0]?.length ?? 0,
    base: base ?? rows.map((_, i) => `base ${i}`),
  };
}
