import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { ResultDocument } from "../../../shared/plugin/result-document.ts";
import { executeRun } from "../../../sidecar/runs/execute-run.ts";
import { toyFolder, toyRequest, toySpec, toyTools } from "../../support/toy-study.ts";

const COUNTS = { train: 4, val: 2, test: 2 };

/** A plugin's reading: the layer plus a hundred times the token; one that gives a value too few. */
const READINGS = `const needs = { direction: false, activations: false, logits: false };
const grid = ({ engine, ledger }, less) =>
  Float32Array.from({ length: engine.model.layers * ledger.ids.length - less }, (_, i) =>
    Math.floor(i / ledger.ids.length) + 100 * (i % ledger.ids.length));
export default { name: "mine", readings: [
  { id: "grid", label: "Grid", unit: "steps", describe: "Where it is.", needs, read: async (input) => grid(input, 0) },
  { id: "short", label: "Short", unit: "steps", describe: "Too few.", needs, read: async (input) => grid(input, 1) },
] };`;

async function run(body: string): Promise<ResultDocument> {
  const { folder, specPath } = toyFolder(toySpec(["cyber"], body), COUNTS);
  writeFileSync(join(folder, "mine.mjs"), READINGS);
  const outcome = await executeRun(toyRequest(specPath, join(folder, "runs")), toyTools());
  return JSON.parse(readFileSync(join(outcome.folder, "document.json"), "utf8")) as ResultDocument;
}

it("inspect shows the spec's readings, built in and a plugin's, beside its components' projections", async () => {
  const document = await run(`plugins: [./mine.mjs]
readings: [norm, grid]
experiments:
  look: {kind: inspect, prompts: [cyber], components: [cyber], take: 1}`);
  const [look] = document.experiments;
  expect(look?.message).toBeNull();
  const blocks = (look?.blocks ?? []).flatMap((block) => (block.type === "matrix" ? [block] : []));
  expect(blocks.map(({ title }) => title.split(":")[0])).toEqual([
    expect.stringMatching(/ on cyber$/),
    expect.stringMatching(/norm/i),
    "Grid",
  ]);
  const [projection, norm, grid] = blocks;
  const layers = norm?.rows.length ?? 0;
  // The last layer stands in the first row.
  expect(grid?.cells[0]?.map(({ value }) => value)).toEqual(grid?.columns.map((_, token) => layers - 1 + 100 * token));
  for (const [r, row] of (norm?.cells ?? []).entries()) {
    for (const [c, { value }] of row.entries()) {
      expect(Math.abs(projection?.cells[r]?.[c]?.value ?? Number.NaN)).toBeLessThanOrEqual((value ?? 0) + 1e-4);
    }
  }
});

it("a reading that gives the wrong shape fails its experiment by name", async () => {
  const document = await run(`plugins: [./mine.mjs]
readings: [short]
experiments:
  look: {kind: inspect, prompts: [cyber], take: 1}`);
  expect(document.experiments[0]?.message).toMatch(/"short" gave \d+ values, expected \d+ layers x \d+ tokens/);
});

it.each([
  ["readings: [surprsal]", /"surprsal" is not in readings; did you mean "surprisal"\?/],
  ["readings: []", /there is nothing to read; name components here, or readings/],
])("a spec with %s is refused before it runs", async (line, message) => {
  await expect(run(`${line}\nexperiments:\n  look: {kind: inspect, prompts: [cyber]}`)).rejects.toThrow(message);
});
