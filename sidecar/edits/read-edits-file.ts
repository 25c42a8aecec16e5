import { readFile } from "node:fs/promises";
import { refused } from "../../shared/errors.ts";
import { EDIT_KINDS, type EditsFile, editsFileSchema } from "../../shared/spec/edits-file.ts";
import { explainIssues, wordIssue } from "../../shared/spec/explain-issue.ts";

/** Reads and checks an edits file; everything that is wrong with its form is refused in one message, each with its field. */
export async function readEditsFile(path: string): Promise<EditsFile> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw refused(missing ? `${path}: there is no such file` : `${path}: cannot be read (${String(cause)})`, cause);
  }
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (cause) {
    throw refused(`${path}: is not JSON: ${(cause as Error).message}`, cause);
  }
  const parsed = editsFileSchema.safeParse(json, { error: wordIssue, reportInput: true });
  if (!parsed.success) {
    const problems = explainIssues(parsed.error.issues, (field) => (field.includes("edits") ? EDIT_KINDS : []));
    const lines = problems.map(({ path: field, message }) => `${path}: ${fieldName(field)}: ${message}`);
    throw refused(lines.join("\n"));
  }
  const names = parsed.data.conditions.map((condition) => condition.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw refused(`${path}: conditions: the name "${twice}" is given twice`);
  return parsed.data;
}

function fieldName(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the file";
  return path.reduce<string>((name, key) => {
    if (typeof key === "number") return `${name}[${key}]`;
    return name === "" ? String(key) : `${name}.${String(key)}`;
  }, "");
}
