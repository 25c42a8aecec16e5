import { createHash } from "node:crypto";
import { stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { hookPoint } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { Dictionary, DictionaryFormat, StoredTensor } from "../../shared/plugin/dictionary-format.ts";
import { cacheFolder } from "../engine/run/checked-models.ts";
import { npyDtype, parseNpyHeader } from "../files/npy.ts";
import { readExactly, withFile } from "../files/read-range.ts";
import { readZipEntries, unpackZipEntry, type ZipEntry } from "../files/zip-archive.ts";
import { tensor, type Weights } from "./weights.ts";

const FILE = "params.npz";
const NAMES = ["W_enc", "W_dec", "b_enc", "b_dec", "threshold"];
/** What floats are aligned to in a file that is mapped into memory. */
const ALIGNMENT = 4;

/**
 * Gemma Scope: `layer_N/width_W/average_l0_K/params.npz`, JumpReLU, b_dec not subtracted from the input, on resid_post.
 * Source: https://huggingface.co/google/gemma-scope and its tutorial (JumpReLUSAE).
 */
export const gemmaScope: DictionaryFormat = {
  id: "gemma-scope",
  label: "Gemma Scope",

  async recognise(path) {
    return (await stat(fileOf(path)).catch(() => null))?.isFile() === true;
  },

  async open(path) {
    return [await describe(fileOf(path))];
  },
};

function fileOf(path: string): string {
  return basename(path) === FILE ? path : join(path, FILE);
}

async function describe(file: string): Promise<Dictionary> {
  const absolute = resolve(file).replaceAll("\\", "/");
  const layer = /(?:^|\/)layer_(\d+)\//.exec(absolute)?.[1];
  if (layer === undefined) {
    throw refused(
      `${file}: expected a folder layer_N above it, which says where the dictionary reads (layer_N/width_W/average_l0_K)`,
    );
  }
  const other = /gemma-scope-[^/]*?-(att|mlp|transcoders)(?:[-/]|$)/.exec(absolute)?.[1];
  if (other !== undefined) {
    throw refused(
      `${file}: lies in a "${other}" folder: its place is not on the residual stream; expected a "res" one`,
    );
  }
  const weights = await npzWeights(file);
  const { shape } = weights.get("W_enc");
  const [dIn = 0, features = 0] = shape;
  const at = hookPoint("resid_post", Number(layer));
  const l0 = /average_l0_(\d+(?:\.\d+)?)/.exec(absolute)?.[1];
  const model = /gemma-scope-(2b|9b|27b)-(pt|it)/.exec(absolute);
  return {
    format: "gemma-scope",
    path: file,
    reads: at,
    writes: at,
    dIn,
    dOut: dIn,
    features,
    W_enc: tensor(weights, "W_enc", [dIn, features]),
    encoderTransposed: false,
    b_enc: tensor(weights, "b_enc", [features]),
    W_dec: tensor(weights, "W_dec", [features, dIn]),
    decoderTransposed: false,
    b_dec: tensor(weights, "b_dec", [dIn]),
    subtractDecoderBias: false,
    activation: { kind: "jumprelu", threshold: tensor(weights, "threshold", [features]) },
    normalisation: { kind: "none" },
    rescaleByDecoderNorm: false,
    decoderScale: null,
    skip: null,
    declared: {
      model: model === null ? null : `google/gemma-2-${model[1]}${model[2] === "it" ? "-it" : ""}`,
      fvu: null,
      l0: l0 === undefined ? null : Number(l0),
    },
    warnings: [],
  };
}

/**
 * The arrays of an .npz file. Stored ones are mapped where they are; deflated ones, and stored ones at odd offsets, are unpacked once into
 * the cache folder, under a name made of the file's path, size and time.
 */
async function npzWeights(path: string): Promise<Weights> {
  const entries = await readZipEntries(path);
  const { size, mtimeMs } = await stat(path);
  const key = createHash("sha256")
    .update(`${resolve(path)} ${size} ${mtimeMs}`)
    .digest("hex")
    .slice(0, 24);
  const folder = join(cacheFolder(), "dictionaries", key);
  const found = new Map<string, StoredTensor>();
  for (const entry of entries) {
    const name = entry.name.replace(/\.npy$/, "");
    if (NAMES.includes(name)) found.set(name, await arrayOf(path, name, entry, folder));
  }
  return {
    path,
    names: [...found.keys()],
    get(name) {
      const array = found.get(name);
      if (array === undefined) {
        throw refused(`${path}: has no array "${name}"; it has ${entries.map((entry) => entry.name).join(", ")}`);
      }
      return array;
    },
  };
}

async function arrayOf(path: string, name: string, entry: ZipEntry, folder: string): Promise<StoredTensor> {
  if (entry.stored) {
    const inPlace = await mapped(path, `${path}: "${name}"`, entry.offset, entry.length);
    if (inPlace.offset % ALIGNMENT === 0) return inPlace;
  }
  const unpacked = join(folder, `${name}.npy`);
  if ((await stat(unpacked).catch(() => null)) === null) await unpackZipEntry(path, entry, unpacked);
  const { size } = await stat(unpacked);
  if (size !== entry.length) {
    throw refused(`${path}: "${entry.name}" unpacks to ${size} bytes, its directory says ${entry.length}`);
  }
  return mapped(unpacked, `${path}: "${name}"`, 0, size);
}

async function mapped(file: string, label: string, start: number, length: number): Promise<StoredTensor> {
  const header = await withFile(file, async (handle) =>
    parseNpyHeader(await readExactly(handle, file, start, Math.min(length, 65_536)), label),
  );
  const dtype = npyDtype(header, label);
  if (dtype === "F64") throw refused(`${label} is float64, expected float32 or float16`);
  const bytes = header.shape.reduce((product, n) => product * n, dtype === "F32" ? 4 : 2);
  if (header.dataOffset + bytes !== length) {
    throw refused(
      `${label} has ${length - header.dataOffset} bytes, expected ${bytes} for (${header.shape.join(", ")})`,
    );
  }
  return { file, offset: start + header.dataOffset, length: bytes, dtype, shape: header.shape };
}
