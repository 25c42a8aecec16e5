import type { z } from "zod";
import { refused } from "../errors.ts";

/** Checks a message against its schema; `what` names it in the refusal, which says where it is wrong and how. */
export function checkMessage<S extends z.ZodType>(schema: S, message: unknown, what: string): z.output<S> {
  const checked = schema.safeParse(message);
  if (checked.success) return checked.data;
  const issue = checked.error.issues[0];
  const place = issue === undefined || issue.path.length === 0 ? "" : ` at ${issue.path.map(String).join(".")}`;
  throw refused(`${what}${place}: ${issue?.message ?? "not understood"}.`, checked.error);
}
