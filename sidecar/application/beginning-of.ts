import { userMessage } from "../engine/tokens/open-tokenizer.ts";
import type { LoadedModel } from "./application.ts";

/** The model's beginning-of-sequence token, as its tokenizer or its template sets it before a text; `null` without one. */
export async function beginningOf(model: LoadedModel): Promise<number | null> {
  const tokenizer = await model.tokenizer().catch(() => null);
  if (tokenizer === null) return null;
  const ledger = tokenizer.ledger([userMessage("a")], { raw: tokenizer.templateHash === null });
  return ledger.bosCount > 0 ? (ledger.ids[0] ?? null) : null;
}
