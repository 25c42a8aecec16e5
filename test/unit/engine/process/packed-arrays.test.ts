import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packArrays, unpackArrays } from "../../../../sidecar/engine/process/packed-arrays.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "refract-packed-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const floats = (length: number) => Float32Array.from({ length }, (_, i) => i / 7 - 3);

describe("arrays of a message between processes", () => {
  // Odd lengths, so that what follows needs a place of its own.
  test.each([
    ["are part of a small one", 1001, 0],
    ["lie in one file of a larger one", 200_001, 1],
    ["lie in one file of one that is written array by array", 5_000_001, 1],
  ])("%s", async (_, length, files) => {
    const same = floats(length);
    const message = { captures: { "resid_post.0": [same, floats(3)] }, again: same, ids: Int32Array.of(5, 6, 7), n: 2 };
    const { value, arrays } = await packArrays(message, folder, "message");
    expect(await readdir(folder)).toHaveLength(files);
    if (files > 0) expect((await stat(join(folder, "message"))).mode & 0o077).toBe(0);
    const back = (await unpackArrays(structuredClone(value), arrays)) as typeof message;
    expect(back.n).toBe(2);
    expect(back.ids).toEqual(message.ids);
    expect(back.captures["resid_post.0"][1]).toEqual(floats(3));
    expect(
      Buffer.compare(Buffer.from(back.again.buffer, back.again.byteOffset, 64), Buffer.from(same.buffer, 0, 64)),
    ).toBe(0);
    expect(back.again.length).toBe(length);
    expect(back.again.at(-1)).toBe(same.at(-1));
    expect(back.captures["resid_post.0"][0]).toBe(back.again);
    expect(await readdir(folder)).toEqual([]);
  });
});
