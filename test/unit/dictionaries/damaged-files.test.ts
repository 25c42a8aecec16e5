import { cp, mkdtemp, open, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { storedTensors } from "../../../sidecar/dictionaries/finite.ts";
import { BUILT_IN_FORMATS, openDictionaries } from "../../../sidecar/dictionaries/open-dictionary.ts";

/** Files that the formats' own libraries wrote (test/reference/dictionaries/make.py), each damaged in one way. */
const FIXTURES = join(import.meta.dirname, "../../fixtures/dictionaries");
const names = await readdir(FIXTURES);
/** Its arrays are compressed: what lies in the file is no float that a test could overwrite. */
const PACKED = "gemma-scope-packed";

let cache = "";
beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), "refract-damaged-"));
  process.env.REFRACT_CACHE = join(cache, "cache");
});
afterAll(async () => {
  delete process.env.REFRACT_CACHE;
  await rm(cache, { recursive: true, force: true });
});

const opening = (folder: string) => openDictionaries(folder, BUILT_IN_FORMATS);

/** A copy of a fixture, and the one file in it that holds its weights. */
async function copy(name: string): Promise<{ folder: string; weights: string }> {
  const folder = await mkdtemp(join(cache, "copy-"));
  await cp(join(FIXTURES, name), folder, { recursive: true });
  await rm(join(folder, "expected.safetensors"));
  const files = await readdir(folder, { recursive: true });
  const [found, ...more] = files.filter((file) => /\.(safetensors|npz|pt)$/.test(file));
  if (found === undefined || more.length > 0) throw new Error(`${name}: expected one file of weights`);
  return { folder, weights: join(folder, found) };
}

async function overwrite(path: string, at: number, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "r+");
  await file.write(bytes, 0, bytes.length, at);
  await file.close();
}

/** Refused, not failed: in words that name the file and, where there is one, the tensor. */
async function refusal(folder: string, ...words: string[]): Promise<void> {
  const error: unknown = await opening(folder).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: "refused" });
  for (const word of words) expect(String(error)).toContain(word);
}

test.each(names)("%s is refused by name wherever its weights are cut short", async (name) => {
  for (const left of [0, 0.1, 0.5, 0.95]) {
    const { folder, weights } = await copy(name);
    const { length } = await readFile(weights);
    await truncate(weights, Math.floor(left * length));
    await refusal(folder, basename(weights));
  }
});

describe.each(names.filter((name) => name !== PACKED))("%s", (name) => {
  test("is refused, with the tensor's name, where any one of them holds NaN or an infinity", async () => {
    const [whole] = await opening((await copy(name)).folder);
    if (whole === undefined) throw new Error("nothing was opened");
    for (const [tensor, { dtype, file, offset, length }] of storedTensors(whole)) {
      const wide = dtype === "F32";
      const bad = Buffer.alloc(wide ? 4 : 2);
      if (wide) bad.writeFloatLE(tensor === "W_dec" ? Number.POSITIVE_INFINITY : Number.NaN);
      else bad.writeUInt16LE(dtype === "F16" ? 0x7e00 : 0x7fc0);
      const { folder, weights } = await copy(name);
      // Its place in the file of weights, also where the tensor was opened from an unpacked copy.
      const bytes = await readFile(weights);
      const at = bytes.indexOf((await readFile(file)).subarray(offset, offset + length));
      expect(at).toBeGreaterThan(0);
      await overwrite(weights, at, bad);
      await refusal(folder, basename(weights), `"${tensor}"`, "value 0 of");
    }
  });

  test("is refused, with the shape that was expected, where a matrix has another", async () => {
    const { folder, weights } = await copy(name);
    if (weights.endsWith(".pt")) {
      // Its shapes lie in a pickle; what they are held against lies in the configuration.
      const config = join(folder, "trainer_0/config.json");
      const text = await readFile(config, "utf8");
      await writeFile(config, text.replace('"dict_size": 40', '"dict_size": 20'));
      await refusal(folder, "ae.pt", "expected");
      return;
    }
    const bytes = await readFile(weights);
    const [from, to] = weights.endsWith(".npz") ? ["(40, 16)", "(32, 20)"] : ["[40,16]", "[32,20]"];
    const at = bytes.indexOf(from);
    expect(at).toBeGreaterThan(0);
    await overwrite(weights, at, Buffer.from(to));
    await refusal(folder, basename(weights), "[32, 20]", "expected [");
  });
});

test("a packed archive is refused by name where a byte of what is packed was changed", async () => {
  const { folder, weights } = await copy(PACKED);
  const bytes = await readFile(weights);
  const at = Math.floor(bytes.length / 2);
  await overwrite(weights, at, Buffer.of((bytes[at] as number) ^ 1));
  await refusal(folder, "params.npz", "cannot be unpacked");
});
