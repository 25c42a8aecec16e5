import { type FileHandle, open } from "node:fs/promises";
import { refused } from "../../shared/errors.ts";

/** Opens a file for reading; a file that is missing or unreadable is refused by name. */
export async function withFile<T>(path: string, use: (file: FileHandle, size: number) => Promise<T>): Promise<T> {
  let file: FileHandle;
  try {
    file = await open(path, "r");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw refused(missing ? `${path}: there is no such file` : `${path}: cannot be read (${String(cause)})`, cause);
  }
  try {
    const stat = await file.stat();
    if (!stat.isFile()) throw refused(`${path}: is a folder, expected a file`);
    return await use(file, stat.size);
  } finally {
    await file.close();
  }
}

/** Reads exactly `length` bytes at `offset`; a file that ends before is refused. */
export async function readExactly(file: FileHandle, path: string, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 1 << 30), offset + done);
    if (bytesRead === 0) {
      throw refused(`${path}: the file ends at byte ${offset + done}, expected ${offset + length} bytes or more`);
    }
    done += bytesRead;
  }
  return bytes;
}
