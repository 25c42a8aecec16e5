import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parquetReadObjects } from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Component } from "../../../shared/plugin/component.ts";
import { exportComponent } from "../../../sidecar/exports/export-component.ts";
import { runTables } from "../../../sidecar/exports/run-tables.ts";
import { tableAsCsv } from "../../../sidecar/exports/table-as-csv.ts";
import { tableAsParquet } from "../../../sidecar/exports/table-as-parquet.ts";
import { readControlVector } from "../../../sidecar/files/gguf-control-vector.ts";
import { readSafetensorsFloats, readSafetensorsHeader } from "../../../sidecar/files/safetensors.ts";
import { RESULT_DOCUMENT } from "../../pages/result-document.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "refract-exports-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("a run's tables", () => {
  it("give every figure its interval and n in CSV, in the columns that the header names", () => {
    const figures = runTables(RESULT_DOCUMENT)[0];
    expect(figures && tableAsCsv(figures)).toBe(
      "experiment,kind,name,of,layer,estimate,low,high,n,unit,why\r\ncauses,cross-ablation,effect,cyber / fraud,,0.02,-0.01,0.05,48,rate,\r\n",
    );
  });

  it("quote what a spreadsheet would misread", () => {
    const table = { name: "t", columns: [{ name: "a", type: "text" as const }], rows: [['say "no",\nplease'], [null]] };
    expect(tableAsCsv(table)).toBe('a\r\n"say ""no"",\nplease"\r\n\r\n');
  });

  it("come back from Parquet as they were, missing values too (read by hyparquet)", async () => {
    const verdicts = runTables(RESULT_DOCUMENT)[1];
    if (verdicts === undefined) throw new Error("there is no table of verdicts");
    const bytes = tableAsParquet({ ...verdicts, rows: [...verdicts.rows, ["x", "y", "z", null, "undecided", null]] });
    const rows = await parquetReadObjects({ file: bytes.slice().buffer });
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({ of: "fraud / theft", layer: 5, verdict: "one cause under distinct shapes" });
    expect(rows[2]).toMatchObject({ layer: null, verdict: "undecided", because: null });
  });
});

describe("a component as a file for other programs", () => {
  const component: Component = {
    name: "cyber",
    layer: 4,
    site: "resid_pre",
    position: -1,
    vectors: [Float32Array.from([1, -2, 3.5, 0.25])],
    provenance: {
      method: "difference-in-means",
      modelHash: "c0ffee",
      precision: "float32",
      templateHash: "beef",
      position: -1,
      prompts: [{ set: "cyber", n: 32 }],
    },
    foundFrom: null,
  };

  it("is a GGUF control vector after the layer whose output it changes", async () => {
    const out = join(folder, "cyber.gguf");
    await exportComponent(component, "llama", out);
    expect(await readControlVector(out, "3")).toEqual({ shape: [4], data: component.vectors[0] });
    expect((await readFile(out, "latin1")).includes("controlvector.model_hint")).toBe(true);
  });

  it("keeps its place and provenance in safetensors", async () => {
    const out = join(folder, "cyber.safetensors");
    await exportComponent(component, "llama", out);
    const header = await readSafetensorsHeader(out);
    expect(await readSafetensorsFloats(header, "vectors")).toEqual({ shape: [1, 4], data: component.vectors[0] });
    expect(header.metadata.at).toBe("resid_pre.4");
    expect(JSON.parse(header.metadata.provenance ?? "")).toEqual(component.provenance);
  });

  it.each([
    { what: "in the middle of a layer", change: { site: "resid_mid" as const }, says: "acts after whole layers" },
    { what: "before the first layer's end", change: { layer: 1 }, says: "begins at layer 1" },
    { what: "of two rows", change: { vectors: [new Float32Array(4), new Float32Array(4)] }, says: "has 2 rows" },
  ])("is refused as GGUF $what, and safetensors is named instead", async ({ change, says }) => {
    const refusal = exportComponent({ ...component, ...change }, "llama", join(folder, "no.gguf"));
    await expect(refusal).rejects.toThrow(says);
    await expect(refusal).rejects.toThrow("safetensors");
  });
});
