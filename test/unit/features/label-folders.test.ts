import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NOTES_FILE, readFeatureLabels } from "../../../sidecar/application/features/feature-labels.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "refract-label-folders-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const RECORDS = [
  { layer: "4-gemmascope-res-16k", index: "512", description: "breaking into computers" },
  { layer: "20-gemmascope-res-16k", index: "7", description: "the end of a turn" },
];
const LINES = RECORDS.map((record) => JSON.stringify(record)).join("\n");

async function labelOf(path: string, layer: number, feature: number): Promise<string> {
  return (await readFeatureLabels(path)).named({ layer, feature }).label;
}

describe("labels of features in several files", () => {
  test("come from all batches of a folder, and the user's notes win", async () => {
    const own = await mkdtemp(join(folder, "suite-"));
    await mkdir(join(own, "explanations"));
    await writeFile(join(own, "explanations", "batch-0.jsonl.gz"), gzipSync(LINES));
    const more = { layer: "4-gemmascope-res-16k", index: "3", description: "greetings" };
    await writeFile(join(own, "explanations", "batch-1.jsonl"), JSON.stringify(more));
    await writeFile(join(own, NOTES_FILE), "4/512: intrusion\n");
    expect(await labelOf(own, 4, 3)).toBe("greetings");
    expect(await labelOf(own, 4, 512)).toBe("intrusion");
    expect(await labelOf(own, 20, 7)).toBe("the end of a turn");
  });

  test("come from the notes beside an export too, as soon as there are any", async () => {
    const own = await mkdtemp(join(folder, "beside-"));
    const path = join(own, "explanations.json");
    await writeFile(path, JSON.stringify({ explanations: RECORDS, explanationsCount: RECORDS.length }));
    expect(await labelOf(path, 4, 512)).toBe("breaking into computers");
    await writeFile(join(own, NOTES_FILE), 'L4/#512: "intrusion: computers"\n20/8: 8\n');
    expect(await labelOf(path, 4, 512)).toBe("intrusion: computers");
    expect(await labelOf(path, 20, 8)).toBe("8");
    expect(await labelOf(path, 20, 7)).toBe("the end of a turn");
  });

  test("are refused where a folder holds none, or one of its files cannot be understood", async () => {
    const own = await mkdtemp(join(folder, "bad-"));
    await expect(readFeatureLabels(own)).rejects.toThrow("holds no .json, .jsonl or .yaml file with labels");
    await writeFile(join(own, "batch-0.jsonl"), `${LINES}\n{"layer":\n`);
    await expect(readFeatureLabels(own)).rejects.toThrow(/batch-0\.jsonl: line 3: cannot be read as JSON/);
  });
});
