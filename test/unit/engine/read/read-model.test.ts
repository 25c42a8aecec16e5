import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { afterAll, describe, expect, test } from "vitest";

import { readModel } from "../../../../sidecar/engine/read/read-model.ts";
import { wireFields } from "../../../../sidecar/engine/read/wire-field.ts";
import { writeModel } from "../../../../sidecar/engine/read/write-model.ts";
import { fixture } from "../fixture-models.ts";

const scratch = mkdtempSync(join(tmpdir(), "refract-read-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const genai = fixture("llama", "genai-fp32");
const inline = join(fixture("llama", "torchscript"), "onnx/model.onnx");

function folder(name: string): string {
  const path = join(scratch, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Counts of a message's fields by number. */
function counts(message: Uint8Array): Record<number, number> {
  const found: Record<number, number> = {};
  for (const { number } of wireFields(message)) {
    found[number] = (found[number] ?? 0) + 1;
  }
  return found;
}

describe("a model", () => {
  test("keeps its weights in their file, inline ones at their offset in the .onnx file", () => {
    const { graph } = readModel(inline);
    const bytes = readFileSync(inline);
    const large = [...graph.initializers.values()].filter((tensor) => tensor.span !== undefined);
    expect(large.length).toBeGreaterThan(10);
    for (const { span, dims, name } of large) {
      expect(span?.length, name).toBe(dims.reduce((a, b) => a * b, 4));
      expect((span?.offset ?? 0) + (span?.length ?? 0)).toBeLessThanOrEqual(bytes.length);
    }
    const written = writeModel(readModel(inline), graph);
    expect(written.length).toBeLessThan(
      bytes.length - large.reduce((sum, { span }) => sum + (span?.length ?? 0), 0) + 200 * large.length,
    );
  });

  test("is written again with every field it had, but for what it says of inner values", () => {
    const path = join(genai, "model.onnx");
    const model = readModel(path);
    const written = writeModel(model, model.graph);
    expect(counts(written)).toEqual(counts(readFileSync(path)));
    const graphOf = (bytes: Uint8Array) =>
      wireFields(bytes).find(({ number }) => number === 7)?.value ?? new Uint8Array();
    const { 13: innerValues, ...rest } = counts(graphOf(readFileSync(path)));
    expect(innerValues).toBeGreaterThan(0);
    expect(counts(graphOf(written))).toEqual(rest);
  });

  test("keeps fields that nobody knows, byte for byte", () => {
    const unknown = new BinaryWriter().tag(999, WireType.LengthDelimited).string("from a later ONNX").finish();
    const path = join(folder("unknown"), "model.onnx");
    copyFileSync(join(genai, "model.onnx.data"), join(scratch, "unknown", "model.onnx.data"));
    writeFileSync(path, Buffer.concat([readFileSync(join(genai, "model.onnx")), unknown]));
    const model = readModel(path);
    expect(Buffer.from(writeModel(model, model.graph)).includes(Buffer.from(unknown))).toBe(true);
  });

  test("has the same hash behind symbolic links, as the Hugging Face cache lays them", () => {
    const blobs = folder("cache/blobs");
    const snapshot = folder("cache/snapshots/main");
    copyFileSync(join(genai, "model.onnx"), join(blobs, "aaa"));
    copyFileSync(join(genai, "model.onnx.data"), join(blobs, "bbb"));
    symlinkSync("../../blobs/aaa", join(snapshot, "model.onnx"));
    symlinkSync("../../blobs/bbb", join(snapshot, "model.onnx.data"));
    const linked = readModel(join(snapshot, "model.onnx"));
    expect(linked.hash).toBe(readModel(join(genai, "model.onnx")).hash);
    expect(linked.weightsFolder.endsWith("/blobs")).toBe(true);
    expect(Buffer.from(writeModel(linked, linked.graph)).includes("bbb")).toBe(true);
  });

  test("that is a link by itself has its weights beside what it points to", () => {
    const path = join(folder("link"), "model.onnx");
    symlinkSync(join(genai, "model.onnx"), path);
    expect(readModel(path).weightsFolder).toBe(readModel(join(genai, "model.onnx")).weightsFolder);
  });

  test("has another hash where a weight is another", () => {
    const path = folder("tuned");
    copyFileSync(join(genai, "model.onnx"), join(path, "model.onnx"));
    const data = readFileSync(join(genai, "model.onnx.data"));
    data.fill(7, 0, 64);
    writeFileSync(join(path, "model.onnx.data"), data);
    expect(readModel(join(path, "model.onnx")).hash).not.toBe(readModel(join(genai, "model.onnx")).hash);
  });
});

describe("what is no whole model is refused", () => {
  test.each([
    ["cut off in its last byte", (bytes: Buffer) => bytes.subarray(0, -1)],
    ["cut off in the middle", (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
    ["empty", () => Buffer.alloc(0)],
    ["a text file", () => Buffer.from("<!DOCTYPE html><html><body>404</body></html>")],
    ["an image", () => Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13])],
  ])("%s", (name, change) => {
    const path = join(folder(`torn-${name.replaceAll(" ", "-")}`), "model.onnx");
    writeFileSync(path, change(readFileSync(inline)));
    expect(() => readModel(path)).toThrow(path);
    expect(() => readModel(path)).toThrow(/ONNX model/);
  });

  test("a Git LFS pointer, which is named as one", () => {
    const path = join(folder("lfs"), "model.onnx");
    writeFileSync(path, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 12\n");
    expect(() => readModel(path)).toThrow(/Git LFS pointer/);
  });

  test("one whose external file is missing, with the file and a tensor that is in it", () => {
    const path = join(folder("missing"), "model.onnx");
    copyFileSync(join(genai, "model.onnx"), path);
    expect(() => readModel(path)).toThrow(
      /tensor "model\.[^"]+" has its data in "model\.onnx\.data", but .*model\.onnx\.data does not exist/,
    );
  });

  test("one whose external file is shorter than declared, with both numbers", () => {
    const path = folder("short");
    copyFileSync(join(genai, "model.onnx"), join(path, "model.onnx"));
    copyFileSync(join(genai, "model.onnx.data"), join(path, "model.onnx.data"));
    truncateSync(join(path, "model.onnx.data"), 5000);
    expect(() => readModel(join(path, "model.onnx"))).toThrow(/has 5000 bytes: the file is truncated/);
  });
});
