/** Why a call could not be done; the code decides the command line's exit code and the protocol's error. */
export type RefractErrorCode =
  /** Bad arguments, file, field or value: refused before anything ran. */
  | "refused"
  /** Failed while running. */
  | "failed"
  /** Stopped by the user; what was finished is kept. */
  | "cancelled"
  /** The engine process ended (abort in native code, out of memory, kill). */
  | "engine-died"
  /** The sidecar cannot be reached, or the connection was lost. */
  | "disconnected"
  /** Not allowed in a workspace that the user has not trusted. */
  | "untrusted"
  /** Edits by a dictionary's features, where what was measured speaks against it and the user has not said that they go on. */
  | "untrusted-dictionary";

/** An error that a user reads: `message` is a sentence that names the file, the field, what was found and what was expected. */
export class RefractError extends Error {
  readonly code: RefractErrorCode;

  constructor(code: RefractErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "RefractError";
    this.code = code;
  }
}

/** Shorthand for the commonest case: input that is refused before anything runs. */
export function refused(message: string, cause?: unknown): RefractError {
  return new RefractError("refused", message, cause === undefined ? undefined : { cause });
}
