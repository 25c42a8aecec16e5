import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { conditionNames, rootOf } from "../../../shared/spec/taxonomy.ts";
import { readTaxonomy } from "../../../sidecar/runs/read-taxonomy.ts";

const sample = new URL("../../../extension/samples/prompts/harm.taxonomy.yaml", import.meta.url).pathname;

function written(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), "refract-")), "t.taxonomy.yaml");
  writeFileSync(path, text);
  return path;
}

it("the sample taxonomy gives each category its root and the conditions under which it is harmful", () => {
  const taxonomy = readTaxonomy(sample);
  expect(rootOf(taxonomy, "theft")).toBe("property-crime");
  expect(rootOf(taxonomy, "cyber")).toBe("cyber");
  expect(rootOf(taxonomy, "cooking")).toBeNull();
  expect(conditionNames(taxonomy, "alcohol")).toEqual(["asker", "place"]);
});

it.each([
  ["a parent that is not there", "sources:\n- {id: a, title: A, parent: b}", /source a has the parent "b"/],
  [
    "a category twice",
    "sources:\n- {id: a, title: A, categories: [x]}\n- {id: b, title: B, categories: [x]}",
    /category "x" belongs to a and to b/,
  ],
  ["a key that it does not know", "sources:\n- {id: a, titel: A}", /sources\.0/],
])("%s is refused by name", (_, body, message) => {
  expect(() => readTaxonomy(written(`refract-taxonomy: 1\nname: t\n${body}\n`))).toThrow(message);
});
