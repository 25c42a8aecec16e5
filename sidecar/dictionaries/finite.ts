import { stat } from "node:fs/promises";
import { relative } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { Dictionary, StoredTensor } from "../../shared/plugin/dictionary-format.ts";
import { readExactly, withFile } from "../files/read-range.ts";

const CHUNK = 16 * 1024 * 1024;
/** Files that were looked through already, by path, size, time and place: a dictionary is opened again for every edit. */
const known = new Set<string>();

/** Every stored tensor of a dictionary with its name. */
export function storedTensors(dictionary: Dictionary): [name: string, tensor: StoredTensor][] {
  const { W_enc, W_dec, b_enc, b_dec, decoderScale, skip, activation } = dictionary;
  const found: [string, StoredTensor | null][] = [
    ["W_enc", W_enc],
    ["b_enc", b_enc],
    ["W_dec", W_dec],
    ["b_dec", b_dec],
    ["scaling_factor", decoderScale],
    ["W_skip", skip],
  ];
  if (activation.kind === "jumprelu" && typeof activation.threshold !== "number") {
    found.push(["threshold", activation.threshold]);
  }
  if (activation.kind === "gated") {
    for (const [name, tensor] of Object.entries(activation.gate)) found.push([name, tensor]);
  }
  return found.filter((pair): pair is [string, StoredTensor] => pair[1] !== null);
}

/** Refuses, by file, tensor and index, a dictionary that holds NaN or an infinity. Reads the file in pieces, once in a process. */
export async function refuseNotFinite(dictionary: Dictionary): Promise<void> {
  for (const [name, tensor] of storedTensors(dictionary)) {
    const { size, mtimeMs } = await stat(tensor.file);
    const key = `${tensor.file} ${size} ${mtimeMs} ${tensor.offset} ${tensor.length}`;
    if (known.has(key)) continue;
    const index = await firstNotFinite(tensor);
    if (index !== null) {
      // The user knows the file that was opened, not its unpacked copy in the cache.
      const inside = !/^\.\.|^[/\\]|^[A-Z]:/.test(relative(dictionary.path, tensor.file));
      const file = inside ? tensor.file : `${dictionary.path} (unpacked to ${tensor.file})`;
      throw refused(`${file}: tensor "${name}" holds NaN or an infinity (value ${index} of ${valuesOf(tensor)})`);
    }
    known.add(key);
  }
}

function valuesOf({ shape }: StoredTensor): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** An exponent of ones is NaN or an infinity: found in the bits, without making numbers of them. */
async function firstNotFinite(tensor: StoredTensor): Promise<number | null> {
  const wide = tensor.dtype === "F32";
  const exponent = wide ? 0x7f800000 : tensor.dtype === "F16" ? 0x7c00 : 0x7f80;
  return withFile(tensor.file, async (file) => {
    for (let at = 0; at < tensor.length; at += CHUNK) {
      const bytes = await readExactly(file, tensor.file, tensor.offset + at, Math.min(CHUNK, tensor.length - at));
      const words = wide ? new Uint32Array(bytes.buffer) : new Uint16Array(bytes.buffer);
      for (let i = 0; i < words.length; i++) {
        if (((words[i] as number) & exponent) === exponent) return at / (wide ? 4 : 2) + i;
      }
    }
    return null;
  });
}
