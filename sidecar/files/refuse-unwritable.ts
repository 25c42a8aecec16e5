import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { refused } from "../../shared/errors.ts";

/**
 * Refuses a place that nothing can be written to, before the work whose result goes there; folders on the way may be missing.
 * @param what whether a file or a folder is to be there. @param option how messages call the place, e.g. `--out`.
 */
export async function refuseUnwritable(path: string, what: "file" | "folder", option: string): Promise<void> {
  const there = await kindOf(path);
  if (there !== null && there !== what) {
    throw refused(`${option}: ${path} is a ${there}, expected ${what === "file" ? "a file to write" : "a folder"}`);
  }
  let nearest = there === null || what === "file" ? dirname(path) : path;
  let kind = await kindOf(nearest);
  while (kind === null && nearest !== dirname(nearest)) {
    nearest = dirname(nearest);
    kind = await kindOf(nearest);
  }
  if (kind !== "folder") throw refused(`${option}: ${nearest} is no folder, so ${path} cannot be in it`);
  await access(nearest, constants.W_OK).catch((cause: Error) => {
    throw refused(`${option}: ${nearest} cannot be written to (${cause.message})`, cause);
  });
}

async function kindOf(path: string): Promise<"file" | "folder" | null> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw refused(`${path}: cannot be looked at (${message})`, cause);
  }
}
