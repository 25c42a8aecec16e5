import type { z } from "zod";
import { nearest } from "./nearest.ts";

type Issue = z.core.$ZodIssue;

/** A schema issue in words, at the path of the field that is wrong; `key` where the key itself is. */
export interface ExplainedIssue {
  path: PropertyKey[];
  key: string | null;
  message: string;
}

const NAMES: Record<string, string> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  tuple: "a list",
  object: "named fields",
  record: "named entries",
  null: "nothing",
  undefined: "nothing",
};

function found(input: unknown): string {
  if (input === undefined) return "nothing";
  if (input === null) return "an empty value";
  if (Array.isArray(input)) return "a list";
  if (typeof input === "object") return "named fields";
  if (typeof input === "number") return String(input);
  return JSON.stringify(input);
}

function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  const list = known.length > 0 ? ` (known: ${known.join(", ")})` : "";
  return near === null ? list : `; did you mean "${near}"?${list}`;
}

/** Keys of a strict object's schema, which the issue carries while it is being raised. */
function knownKeys(inst: unknown): string[] {
  if (typeof inst !== "object" || inst === null || !("_zod" in inst)) return [];
  const def = (inst as { _zod: { def: { shape?: Record<string, unknown> } } })._zod.def;
  return Object.keys(def.shape ?? {});
}

/** Zod's error map: words the message while the schema that raised it is at hand. */
export function wordIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "unrecognized_keys":
      // One line per key; split again by explainIssues.
      return issue.keys.map((key) => `there is no key "${key}"${suggestion(key, knownKeys(issue.inst))}`).join("\n");
    case "invalid_type":
      return issue.input === undefined
        ? `missing: expected ${NAMES[issue.expected] ?? issue.expected}`
        : `expected ${NAMES[issue.expected] ?? issue.expected}, found ${found(issue.input)}`;
    case "invalid_value": {
      const values = issue.values.map(String);
      const expected = values.length === 1 ? `"${values[0]}"` : `one of ${values.join(", ")}`;
      const near = typeof issue.input === "string" ? nearest(issue.input, values) : null;
      return `expected ${expected}, found ${found(issue.input)}${near === null ? "" : `; did you mean "${near}"?`}`;
    }
    case "too_small":
      return issue.origin === "array"
        ? `expected at least ${issue.minimum} entries, found ${Array.isArray(issue.input) ? issue.input.length : found(issue.input)}`
        : `expected at least ${issue.minimum}, found ${found(issue.input)}`;
    case "too_big":
      return issue.origin === "array"
        ? `expected at most ${issue.maximum} entries, found ${Array.isArray(issue.input) ? issue.input.length : found(issue.input)}`
        : `expected at most ${issue.maximum}, found ${found(issue.input)}`;
    default:
      return undefined;
  }
}

function weight(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => {
    if (issue.code === "unrecognized_keys") return sum + issue.keys.length;
    // A field of the right name and the wrong content says that this branch was meant, and so does an entry of a list.
    return sum + (issue.path.length > 1 ? 0.5 : issue.path.length === 1 ? 0.75 : 1);
  }, 0);
}

/** Flattens unions to the branch that was most likely meant. `kinds` by discriminator, for kinds that do not exist. */
export function explainIssues(
  issues: readonly Issue[],
  choices: (path: readonly PropertyKey[]) => readonly string[],
): ExplainedIssue[] {
  return issues.flatMap((issue): ExplainedIssue[] => {
    if (issue.code === "unrecognized_keys") {
      const messages = issue.message.split("\n");
      return issue.keys.map((key, i) => ({
        path: issue.path,
        key,
        message: messages[i] ?? `there is no key "${key}"`,
      }));
    }
    if (issue.code === "invalid_union") {
      if (issue.errors.length === 0) {
        const known = choices(issue.path);
        const input = issue.input;
        const value =
          typeof input === "object" && input !== null && issue.discriminator
            ? (input as Record<string, unknown>)[issue.discriminator]
            : input;
        const word = typeof value === "string" ? `"${value}"` : found(value);
        return [
          {
            path: issue.path,
            key: null,
            message: `there is no ${issue.discriminator ?? "kind"} ${word}${suggestion(String(value), known)}`,
          },
        ];
      }
      const best = [...issue.errors].sort((a, b) => weight(a) - weight(b))[0] ?? [];
      return explainIssues(
        best.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] })),
        choices,
      );
    }
    return [{ path: issue.path, key: null, message: issue.message }];
  });
}
