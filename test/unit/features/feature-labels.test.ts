import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFeatureLabels } from "../../../sidecar/application/features/feature-labels.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "refract-labels-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function labelsIn(name: string, content: string | Uint8Array) {
  const path = join(folder, name);
  await writeFile(path, content);
  return readFeatureLabels(path);
}

/** Lines as Neuronpedia's bulk export of explanations writes them: one record each, the layer with its source's name. */
const EXPORT = [
  {
    modelId: "gemma-2-2b",
    layer: "20-gemmascope-res-16k",
    index: "12",
    description: " hacking and computer intrusion",
  },
  { modelId: "gemma-2-2b", layer: "20-gemmascope-res-16k", index: "12", description: "a second explanation" },
  { modelId: "gemma-2-2b", layer: "4-gemmascope-res-16k", index: 640, description: "theft of things" },
];

describe("labels of features", () => {
  test("come from Neuronpedia's lines, the first explanation of each feature", async () => {
    const labels = await labelsIn("lines.jsonl", EXPORT.map((record) => JSON.stringify(record)).join("\n"));
    expect(labels.named({ layer: 20, feature: 12 }).label).toBe("hacking and computer intrusion");
    expect(labels.named({ layer: 4, feature: 640 }).label).toBe("theft of things");
    expect(labels.named({ layer: 4, feature: 12 }).label).toBe("");
  });

  test("come from its lists and from packed files alike", async () => {
    const list = await labelsIn("list.json", JSON.stringify(EXPORT));
    const packed = await labelsIn(
      "lines.jsonl.gz",
      gzipSync(EXPORT.map((record) => JSON.stringify(record)).join("\n")),
    );
    for (const labels of [list, packed])
      expect(labels.with(["theft"])).toEqual([{ layer: 4, feature: 640, label: "theft of things" }]);
  });

  test("come from records of features that hold their explanations", async () => {
    const record = { layer: "4-res", index: "3", explanations: [{ description: "end of turn" }] };
    const labels = await labelsIn("features.jsonl", JSON.stringify(record));
    expect(labels.named({ layer: 4, feature: 3 }).label).toBe("end of turn");
  });

  test("come from the user's notes, which are read again when they change", async () => {
    expect(
      (await labelsIn("notes.yaml", "4/512: intrusion\nL5/#7: polite\n")).named({ layer: 5, feature: 7 }).label,
    ).toBe("polite");
    const changed = await labelsIn("notes.yaml", "4/512: intrusion into networks\n");
    expect(changed.named({ layer: 4, feature: 512 }).label).toBe("intrusion into networks");
  });

  test("are refused by file and line, record or key where they are neither", async () => {
    await expect(labelsIn("torn.jsonl", `${JSON.stringify(EXPORT[0])}\n{"layer"`)).rejects.toThrow(
      /torn\.jsonl: line 2/,
    );
    await expect(labelsIn("other.json", '[{"name": 1}]')).rejects.toThrow(
      /other\.json: record 0.*index and description/,
    );
    await expect(labelsIn("bad.yaml", "layer 4: intrusion")).rejects.toThrow(/bad\.yaml: "layer 4"/);
    await expect(labelsIn("labels.csv", "4,512")).rejects.toThrow(/labels\.csv is neither/);
    await expect(readFeatureLabels(join(folder, "none.jsonl"))).rejects.toThrow(/there is no file/);
    await expect(labelsIn("torn.json.gz", "not gzip")).rejects.toThrow(/cannot be unpacked/);
  });
});
