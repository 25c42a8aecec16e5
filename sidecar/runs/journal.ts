import {
  closeSync,
  existsSync,
  fdatasyncSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  writeSync,
} from "node:fs";
import { RefractError } from "../../shared/errors.ts";
import { diskIsFull, fullDisk } from "./full-disk.ts";

/** One line of `results.ndjson`. A line of type `unit` says that the unit is finished, and holds all that it found. */
export interface JournalLine {
  experiment: string;
  kind: string;
  type: "unit" | "warning" | "failed" | "summary";
  [field: string]: unknown;
}

/** An append-only journal: a line is on disk before the next begins, so that a kill at any moment loses at most the line being written. */
export interface Journal {
  /** What was found in the file at opening, in order. */
  readonly lines: readonly JournalLine[];
  append(line: JournalLine): void;
  close(): void;
}

function isLine(value: unknown): value is JournalLine {
  return (
    typeof value === "object" &&
    value !== null &&
    "experiment" in value &&
    typeof value.experiment === "string" &&
    "kind" in value &&
    typeof value.kind === "string" &&
    "type" in value &&
    typeof value.type === "string"
  );
}

/** Whole lines of a journal's bytes, and how many bytes they take: what follows the last newline was torn. */
function wholeLines(bytes: Buffer, path: string): { lines: JournalLine[]; length: number } {
  const length = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes
    .subarray(0, length)
    .toString("utf8")
    .split("\n")
    .slice(0, -1)
    .map((text, i): JournalLine => {
      let value: unknown;
      try {
        value = JSON.parse(text);
      } catch (cause) {
        throw new RefractError(
          "refused",
          `${path}:${i + 1}: this line of the journal is not JSON, so the file was changed from outside. Restore it, or start a new run.`,
          { cause },
        );
      }
      if (!isLine(value)) {
        throw new RefractError("refused", `${path}:${i + 1}: expected an object with experiment, kind and type.`);
      }
      return value;
    });
  return { lines, length };
}

/** The lines of a finished or running run's journal; a torn last line is left out. */
export function readJournal(path: string): JournalLine[] {
  return existsSync(path) ? wholeLines(readFileSync(path), path).lines : [];
}

/** Opens a journal for appending; a torn last line is cut off first. */
export function openJournal(path: string): Journal {
  const fd = openSync(path, "a+");
  // A device or pipe in the file's place has nothing to resume from, and may have no end.
  const regular = fstatSync(fd).isFile();
  const bytes = regular ? readFileSync(path) : Buffer.alloc(0);
  const { lines, length } = wholeLines(bytes, path);
  if (length < bytes.length) ftruncateSync(fd, length);
  return {
    lines,
    append(line) {
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      try {
        let written = 0;
        while (written < bytes.length) written += writeSync(fd, bytes, written);
        if (regular) fdatasyncSync(fd);
      } catch (cause) {
        if (diskIsFull(cause)) throw fullDisk(path, cause);
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new RefractError("failed", `${path}: the journal cannot be written (${reason}).`, { cause });
      }
    },
    close() {
      closeSync(fd);
    },
  };
}
