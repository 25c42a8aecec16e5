import { CommanderError } from "commander";
import { RefractError } from "../../shared/errors.ts";

export const STOPPED = 130;

/** The command line's exit code for what a command threw: 2 refused before running, 130 stopped by the user, 1 failed while running. */
export function exitCodeOf(error: unknown): number {
  // Help and version end in an error of code 0; bad arguments are refusals.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (!(error instanceof RefractError)) return 1;
  switch (error.code) {
    case "refused":
    case "untrusted":
      return 2;
    case "cancelled":
      return STOPPED;
    default:
      return 1;
  }
}

/** What is written to stderr for it; `null` where commander has said it already. */
export function errorText(error: unknown): string | null {
  if (error instanceof CommanderError) return null;
  if (error instanceof RefractError) return error.message;
  // What the system refused (no space, no right, no such file) is said in its own words; a stack is for faults of this program.
  if (error instanceof Error && "syscall" in error) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
