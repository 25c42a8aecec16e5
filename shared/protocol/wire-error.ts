import { z } from "zod";
import { RefractError, type RefractErrorCode } from "../errors.ts";

const CODES = [
  "refused",
  "failed",
  "cancelled",
  "engine-died",
  "disconnected",
  "untrusted",
  "untrusted-dictionary",
] as const satisfies readonly RefractErrorCode[];

/** An error as it crosses the wire: its code, the sentence for the user, and the sentences of its causes, outermost first. */
export const wireErrorSchema = z.object({
  code: z.enum(CODES),
  message: z.string(),
  causes: z.array(z.string()),
});
export type WireError = z.output<typeof wireErrorSchema>;

/** Causes deeper than this say nothing more to a user, and a chain that loops must end. */
const MOST_CAUSES = 5;

/** Turns whatever was thrown into what the other end shows; an error that isn't Refract's own is `failed`. */
export function toWireError(thrown: unknown): WireError {
  const causes: string[] = [];
  let cause = thrown instanceof Error ? thrown.cause : undefined;
  while (cause !== undefined && causes.length < MOST_CAUSES) {
    causes.push(cause instanceof Error ? cause.message : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  if (thrown instanceof RefractError) return { code: thrown.code, message: thrown.message, causes };
  return { code: "failed", message: thrown instanceof Error ? thrown.message : String(thrown), causes };
}

/** Rebuilds the error with its chain of causes. */
export function fromWireError(error: WireError): RefractError {
  const cause = error.causes.reduceRight<Error | undefined>(
    (inner, message) => new Error(message, inner === undefined ? undefined : { cause: inner }),
    undefined,
  );
  return new RefractError(error.code, error.message, cause === undefined ? undefined : { cause });
}
