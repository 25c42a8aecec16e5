import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensorsFloats, readSafetensorsHeader, writeSafetensors } from "../../../sidecar/files/safetensors.ts";
import { relativeError } from "../../support/engine/closeness.ts";
import { refract } from "../../support/engine/refract-command.ts";

const MODEL = join(import.meta.dirname, "..", "..", "fixtures", "quantised-together");

interface Golden {
  vocabSize: number;
  newTokens: number;
  sequences: { prompt: number[]; logits: number[][]; ids: number[] }[];
}

let folder: string;
let golden: Golden;
let input: string[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "refract-test-"));
  process.env.REFRACT_CACHE = join(folder, "cache");
  golden = JSON.parse(await readFile(join(MODEL, "golden.json"), "utf8"));
  input = [MODEL, ...golden.sequences.flatMap(({ prompt }) => ["--ids", prompt.join(",")]), "--edits", "e.json"];
  const v = { dtype: "F32" as const, shape: [16], data: new Float32Array(16).fill(30) };
  await writeSafetensors(join(folder, "v.safetensors"), new Map([["v", v]]));
  const add = { kind: "add", at: "resid_pre.0", vector: "v.safetensors#v", scale: 1, positions: [0] };
  const conditions = [
    { name: "baseline", edits: [] },
    { name: "pushed", edits: [add] },
  ];
  await writeFile(join(folder, "e.json"), JSON.stringify({ conditions }));
});

describe("a graph that rounds activations by the range of their whole tensor", () => {
  it("gives each sequence the logits that onnxruntime gives it alone, whatever other lanes and lengths run beside it", async () => {
    const outcome = await refract(folder, "capture", ...input, "--hooks", "logits", "--out", "o.safetensors");
    expect(outcome).toMatchObject({ code: 0, stderr: expect.stringContaining("sequences run one at a time") });
    const header = await readSafetensorsHeader(join(folder, "o.safetensors"));
    const { shape, data } = await readSafetensorsFloats(header, "logits");
    const [, longest = 0, vocab = 0] = shape;
    for (const [sequence, { prompt, logits }] of golden.sequences.entries()) {
      const from = 2 * sequence * longest * vocab;
      const found = data.subarray(from, from + prompt.length * vocab);
      expect(relativeError(found, Float32Array.from(logits.flat()))).toBeLessThan(1e-5);
    }
  });

  it("writes what onnxruntime writes with the cache", async () => {
    const { stdout } = await refract(folder, "generate", ...input, "--max-new-tokens", String(golden.newTokens));
    const lines = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const baseline = lines.filter(({ condition }) => condition === "baseline").map(({ ids }) => ids);
    expect(baseline).toEqual(golden.sequences.map(({ ids }) => ids));
  });
});
