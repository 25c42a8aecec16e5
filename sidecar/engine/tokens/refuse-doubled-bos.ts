import type { TokenLedger } from "../../../shared/engine/token-ledger.ts";
import { refused } from "../../../shared/errors.ts";

/** Refuses a prompt that begins with more than one beginning-of-sequence token: the model would read something that nobody trained it on. */
export function refuseDoubledBos({ bosCount }: TokenLedger, what: string): void {
  if (bosCount <= 1) return;
  throw refused(
    `${what} begins with ${bosCount} beginning-of-sequence tokens, expected at most one: the text holds one that the template or the tokenizer adds too.`,
  );
}
