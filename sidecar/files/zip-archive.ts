import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import { crc32, createInflateRaw } from "node:zlib";
import { refused } from "../../shared/errors.ts";
import { readExactly, withFile } from "./read-range.ts";

/** One file of a zip archive. */
export interface ZipEntry {
  name: string;
  /** Whether its bytes stand in the archive as they are. */
  stored: boolean;
  /** Where its bytes begin in the archive, and how many there are. */
  offset: number;
  packedLength: number;
  length: number;
  /** CRC-32 of its bytes, unpacked. */
  crc: number;
}

const END = 0x06054b50;
const END_64 = 0x06064b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;
const LONGEST_END = 65_557;
const LARGE = 0xffffffff;

/**
 * Lists a zip archive's files by its central directory. Source: PKWARE APPNOTE 6.3.9, with zip64; no encryption, no parts.
 * Refused by name: a file that is no zip archive, or a torn one.
 */
export async function readZipEntries(path: string): Promise<ZipEntry[]> {
  return withFile(path, async (file, size) => {
    const tailStart = Math.max(0, size - LONGEST_END);
    const tail = view(await readExactly(file, path, tailStart, size - tailStart));
    let end = tail.byteLength - 22;
    while (end >= 0 && tail.getUint32(end, true) !== END) end--;
    if (end < 0) throw refused(`${path}: is not a zip archive or is torn: it has no end of central directory`);
    let directory = { offset: tail.getUint32(end + 16, true), length: tail.getUint32(end + 12, true) };
    if (directory.offset === LARGE && end >= 20) {
      const at = Number(tail.getBigUint64(end - 20 + 8, true));
      const wide = view(await readExactly(file, path, at, 56));
      if (wide.getUint32(0, true) !== END_64) throw refused(`${path}: the zip archive's 64-bit end record is torn`);
      directory = { offset: Number(wide.getBigUint64(48, true)), length: Number(wide.getBigUint64(40, true)) };
    }
    const bytes = await readExactly(file, path, directory.offset, directory.length);
    const entries: ZipEntry[] = [];
    const central = view(bytes);
    for (let at = 0; at + 46 <= bytes.length; ) {
      if (central.getUint32(at, true) !== CENTRAL) throw refused(`${path}: the zip archive's directory is torn`);
      const nameLength = central.getUint16(at + 28, true);
      const extraLength = central.getUint16(at + 30, true);
      const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
      const method = central.getUint16(at + 10, true);
      if (method !== 0 && method !== 8) {
        throw refused(`${path}: "${name}" is packed by method ${method}, expected stored (0) or deflated (8)`);
      }
      const crc = central.getUint32(at + 16, true);
      const sizes = sizesOf(central, at, at + 46 + nameLength, extraLength);
      const local = view(await readExactly(file, path, sizes.header, 30));
      if (local.getUint32(0, true) !== LOCAL) throw refused(`${path}: the zip entry "${name}" is torn`);
      const offset = sizes.header + 30 + local.getUint16(26, true) + local.getUint16(28, true);
      if (offset + sizes.packed > size) {
        throw refused(
          `${path}: the file is torn: "${name}" ends at byte ${offset + sizes.packed}, the file has ${size} bytes`,
        );
      }
      entries.push({ name, stored: method === 0, offset, packedLength: sizes.packed, length: sizes.plain, crc });
      at += 46 + nameLength + extraLength + central.getUint16(at + 32, true);
    }
    return entries;
  });
}

function view(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Sizes and the local header's place, from the 64-bit extra field where the narrow fields are full. */
function sizesOf(central: DataView, at: number, extraStart: number, extraLength: number) {
  const narrow = {
    plain: central.getUint32(at + 24, true),
    packed: central.getUint32(at + 20, true),
    header: central.getUint32(at + 42, true),
  };
  for (let e = extraStart; e + 4 <= extraStart + extraLength; e += 4 + central.getUint16(e + 2, true)) {
    if (central.getUint16(e, true) !== 1) continue;
    let next = e + 4;
    const wide = (value: number) => {
      if (value !== LARGE) return value;
      next += 8;
      return Number(central.getBigUint64(next - 8, true));
    };
    return { plain: wide(narrow.plain), packed: wide(narrow.packed), header: wide(narrow.header) };
  }
  return narrow;
}

/** Writes an entry's bytes, unpacked, to a file of its own; whole or not at all. Refused where deflated ones are not those that were packed. */
export async function unpackZipEntry(path: string, entry: ZipEntry, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const part = `${to}.${process.pid}.part`;
  const source = createReadStream(path, {
    start: entry.offset,
    end: entry.offset + Math.max(1, entry.packedLength) - 1,
  });
  try {
    let crc = 0;
    const summed = async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        crc = crc32(chunk, crc);
        yield chunk;
      }
    };
    if (entry.stored) await pipeline(source, createWriteStream(part));
    else await pipeline(source, createInflateRaw(), summed, createWriteStream(part));
    if (!entry.stored && crc !== entry.crc) throw new Error(`its checksum is ${crc}, the archive says ${entry.crc}`);
    await rename(part, to);
  } catch (cause) {
    await rm(part, { force: true });
    throw refused(`${path}: "${entry.name}" cannot be unpacked: ${(cause as Error).message}`, cause);
  }
}
