import { RefractError } from "../../shared/errors.ts";

const SENTENCE = "the disk is full. What was finished is kept; free some space and go on with --resume.";

/** Whether a write failed for want of space, however deep that is in an error's causes. */
export function diskIsFull(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return ("code" in error && error.code === "ENOSPC") || diskIsFull(error.cause);
}

/** A full disk in words, with what to do; an error that says so already stays as it is, since it names the file. */
export function fullDisk(path: string, cause: unknown): RefractError {
  if (cause instanceof RefractError && cause.message.endsWith(SENTENCE)) return cause;
  return new RefractError("failed", `${path}: ${SENTENCE}`, { cause });
}
