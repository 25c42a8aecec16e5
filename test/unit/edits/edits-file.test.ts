import { mkdir, mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import type { HookPoint } from "../../../shared/engine/hook-point.ts";
import type { Tensor } from "../../../shared/tensors/tensor.ts";
import { BUILT_IN_FORMATS } from "../../../sidecar/dictionaries/open-dictionary.ts";
import { compileEditsFile } from "../../../sidecar/edits/compile-edits-file.ts";
import { readEditsFile } from "../../../sidecar/edits/read-edits-file.ts";
import { refuseUnreachable } from "../../../sidecar/edits/touched-positions.ts";
import { writeSafetensors } from "../../../sidecar/files/safetensors.ts";

const D = 3;
const MODEL = {
  layers: 3,
  dModel: D,
  architecture: "gpt_neox",
  hookPoints: [0, 1, 2].flatMap((layer): HookPoint[] => [`resid_pre.${layer}`, `resid_post.${layer}`]),
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "refract-test-"));
  const vector = (...values: number[]): Tensor => ({
    dtype: "F32",
    shape: [values.length],
    data: Float32Array.from(values),
  });
  const rows = (count: number, ...values: number[]): Tensor => ({
    dtype: "F32",
    shape: [count, values.length / count],
    data: Float32Array.from(values),
  });
  await writeSafetensors(
    join(folder, "v.safetensors"),
    new Map([
      ["v", vector(3, 0, 4)],
      ["short", vector(1, 2)],
      ["nan", vector(1, Number.NaN, 0)],
      ["zero", vector(0, 0, 0)],
      ["plane", rows(2, 1, 1, 0, 1, -1, 0)],
      ["slanted", rows(2, 2, 0, 0, 5, 1, 0)],
      ["deficient", rows(2, 1, 2, 3, 2, 4, 6)],
    ]),
  );
});

async function compiled(edits: unknown[], name = "c") {
  const path = join(folder, "e.json");
  await writeFile(path, JSON.stringify({ conditions: [{ name, edits }] }));
  const [condition] = await compileEditsFile(await readEditsFile(path), {
    model: MODEL,
    path,
    dictionaryFormats: BUILT_IN_FORMATS,
  });
  return condition;
}

describe("what the kinds compile to", () => {
  it("adds the vector as it is, scaled", async () => {
    const condition = await compiled([{ kind: "add", at: "resid_post.1", vector: "v.safetensors#v", scale: -2 }]);
    expect(condition?.edits.rows).toMatchObject([
      { at: "resid_post.1", u: null, v: Float32Array.of(3, 0, 4), c: -2, positions: "all", edit: 0 },
    ]);
  });

  it("finds a vector below a folder, and under a name, that holds the sign before a tensor's name", async () => {
    await mkdir(join(folder, "try #2"), { recursive: true });
    const v = { dtype: "F32" as const, shape: [3], data: Float32Array.of(1, 2, 3) };
    await writeSafetensors(join(folder, "try #2", "v.safetensors"), new Map([["r#1", v]]));
    for (const vector of ["try #2/v.safetensors#r#1", "try #2/v.safetensors"]) {
      const condition = await compiled([{ kind: "add", at: "resid_post.1", vector }]);
      expect(condition?.edits.rows[0]?.v).toEqual(v.data);
    }
  });

  it("sets the component along the unit vector", async () => {
    const condition = await compiled([{ kind: "affine", at: "resid_pre.2", vector: "v.safetensors#v", target: 1.5 }]);
    const [row] = condition?.edits.rows ?? [];
    expect(row?.u).toEqual(Float32Array.of(0.6, 0, 0.8));
    expect(row).toMatchObject({ c: 1.5, g: -1, theta: Number.NEGATIVE_INFINITY });
  });

  it("ablates any basis of a subspace by an orthonormal one, at every hook point that is named", async () => {
    const condition = await compiled([{ kind: "ablate", at: ["resid_pre.*"], vectors: "v.safetensors#slanted" }]);
    const rows = condition?.edits.rows ?? [];
    expect(rows.map(({ at }) => at)).toEqual([
      "resid_pre.0",
      "resid_pre.0",
      "resid_pre.1",
      "resid_pre.1",
      "resid_pre.2",
      "resid_pre.2",
    ]);
    expect(rows.slice(0, 2).map(({ u }) => [...(u ?? [])])).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
  });
});

describe("what is refused", () => {
  const add = { kind: "add", at: "resid_post.1", vector: "v.safetensors#v", scale: 1 };
  const ablate = { kind: "ablate", at: "resid_post.1", vectors: "v.safetensors#v" };
  it.each<[string, unknown, RegExp]>([
    [
      "a kind that does not exist",
      { ...add, kind: "subtract" },
      /edits\[0\].*"subtract".*add, ablate, affine, clamp, scale/,
    ],
    ["a key that does not exist", { ...add, factor: 2 }, /no key "factor"/],
    ["a missing number", { kind: "affine", at: "resid_post.1", vector: "v.safetensors#v" }, /target.*missing/],
    ["a hook point outside the model", { ...add, at: "resid_post.3" }, /edits\[0\]\.at.*"resid_post.3".*layers 0 to 2/],
    [
      "a middle point of a parallel block",
      { ...add, at: "resid_mid.*" },
      /gpt_neox adds attention and MLP in parallel/,
    ],
    [
      "a vector of the wrong length",
      { ...add, vector: "v.safetensors#short" },
      /v.safetensors#short.*\[2\], expected \[3\]/,
    ],
    ["a NaN", { ...add, vector: "v.safetensors#nan" }, /v.safetensors#nan.*NaN at index 1/],
    ["a tensor that is not there", { ...add, vector: "v.safetensors#w" }, /no tensor "w".*it has v, short/],
    ["a file that is missing", { ...add, vector: "w.safetensors#v" }, /w.safetensors: there is no such file/],
    [
      "several rows where one vector is meant",
      { ...add, vector: "v.safetensors#plane" },
      /2 rows, expected one vector/,
    ],
    ["a zero vector to ablate", { ...ablate, vectors: "v.safetensors#zero" }, /row 0 is zero/],
    ["a rank-deficient subspace", { ...ablate, vectors: "v.safetensors#deficient" }, /row 1 .* rank-deficient/],
    ["a range that holds nothing", { ...add, positions: { from: 4, to: 2 } }, /positions.*from 4 to 2/],
    [
      "a position that is no number",
      { ...add, positions: ["first"] },
      /positions\[0\]: expected a number, found "first"/,
    ],
    ["a position between two", { ...add, positions: [0, 1.5] }, /positions\[1\]: expected a whole number, found 1.5/],
    [
      "a dictionary that is none",
      { kind: "clamp", at: "resid_post.1", dictionary: "v.safetensors", feature: 0, value: 1 },
      /no known dictionary format/,
    ],
  ])("%s", async (_what, edit, message) => {
    const refusal = compiled([edit]);
    await expect(refusal).rejects.toThrow(message);
    await expect(refusal).rejects.toMatchObject({ code: "refused", message: expect.stringContaining("e.json") });
  });

  it("a file that is not JSON, and a condition named twice", async () => {
    const path = join(folder, "e.json");
    await writeFile(path, '{"conditions": [');
    await expect(readEditsFile(path)).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("not JSON"),
    });
    await writeFile(
      path,
      JSON.stringify({
        conditions: [
          { name: "a", edits: [] },
          { name: "a", edits: [] },
        ],
      }),
    );
    await expect(readEditsFile(path)).rejects.toThrow(/"a" is given twice/);
  });
});

describe("positions outside every sequence", () => {
  it("refuses a listed position that no sequence reaches, from either end", () => {
    expect(() => refuseUnreachable([5], [3, 5], 0, "e")).toThrow(
      /position 5 lies outside every sequence: .*has 5 tokens/,
    );
    expect(() => refuseUnreachable([-6], [3, 5], 0, "e")).toThrow(/position -6/);
    expect(() => refuseUnreachable({ from: 5, to: null }, [3, 5], 0, "e")).toThrow(/from 5 on/);
  });

  it("lets through what some sequence reaches, generated tokens included", () => {
    expect(() => refuseUnreachable([4, -5], [3, 5], 0, "e")).not.toThrow();
    expect(() => refuseUnreachable([7], [3, 5], 4, "e")).not.toThrow();
    expect(() => refuseUnreachable("generated", [3], 0, "e")).not.toThrow();
  });
});

describe("notes", () => {
  it("says where edits overlap so that their order would matter", async () => {
    const condition = await compiled([
      { kind: "add", at: "resid_post.1", vector: "v.safetensors#v", scale: 1 },
      { kind: "ablate", at: "resid_post.1", vectors: "v.safetensors#v" },
    ]);
    expect(condition?.notes).toEqual([expect.stringMatching(/edits 0 and 1 overlap at resid_post.1/)]);
  });

  it("names a few of many pairs and counts the rest", async () => {
    const same = Array.from({ length: 5 }, () => ({
      kind: "add",
      at: "resid_post.1",
      vector: "v.safetensors#v",
      scale: 1,
    }));
    const condition = await compiled([
      ...same,
      { kind: "ablate", at: "resid_post.1", vectors: "v.safetensors#v" },
      ...same,
    ]);
    expect(condition?.notes).toEqual([expect.stringMatching(/edits 0 and 5, 1 and 5, .* and 4 more pairs overlap/)]);
  });

  it("says nothing where edits are orthogonal", async () => {
    const condition = await compiled([
      { kind: "ablate", at: "resid_post.1", vectors: "v.safetensors#v" },
      { kind: "add", at: "resid_post.2", vector: "v.safetensors#v", scale: 1 },
    ]);
    expect(condition?.notes).toEqual([]);
  });

  it("says that two names are one stream where something is added at both", async () => {
    const condition = await compiled([
      { kind: "add", at: ["resid_post.1", "resid_pre.2"], vector: "v.safetensors#v", scale: 1 },
    ]);
    expect(condition?.notes).toEqual([expect.stringMatching(/resid_pre.2.*same stream.*added twice/)]);
  });
});
