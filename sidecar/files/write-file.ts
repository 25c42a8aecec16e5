import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { RefractError } from "../../shared/errors.ts";

/**
 * Writes a file beside its place and moves it there when it is whole, so that a failure leaves no half file and no changed old one.
 * Throws `failed`, by the file's name, where the system does not let it.
 */
export async function writeWhole(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  try {
    await writeBeside(path, write);
  } catch (cause) {
    if (cause instanceof RefractError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RefractError("failed", `${path}: cannot be written (${reason}).`, { cause });
  }
}

async function writeBeside(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.part`;
  const file = await open(part, "w");
  try {
    await write(file);
    await file.close();
    await rename(part, path);
  } catch (error) {
    await file.close();
    await rm(part, { force: true });
    throw error;
  }
}
