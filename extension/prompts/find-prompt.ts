import { dirname, resolve } from "node:path";
import * as vscode from "vscode";

const MOST_FILES = 200;

/** A prompt in its file. */
export interface FoundPrompt {
  document: vscode.TextDocument;
  range: vscode.Range;
}

/** Finds a prompt of a run by its id: in the files that the run's spec names, else among the workspace's files with rows. */
export async function findPromptOfRun(id: string, spec: string): Promise<FoundPrompt | null> {
  for (const { name, file } of await promptSetsOf(spec)) {
    const found = await findIn(vscode.Uri.file(file), id, name);
    if (found !== null) return found;
  }
  const rows = await vscode.workspace.findFiles("**/*.{jsonl,json,csv}", "**/{node_modules,runs}/**", MOST_FILES);
  for (const uri of rows) {
    const found = await findIn(uri, id, null);
    if (found !== null) return found;
  }
  return null;
}

/** @param set the prompt set that a prompt without an id of its own is called by, and its number: `mine-1`. */
async function findIn(uri: vscode.Uri, id: string, set: string | null): Promise<FoundPrompt | null> {
  const text = await savedText(uri);
  // Parsing every file of the workspace would be slow: most don't even hold the letters.
  if (!text.includes(id) && (set === null || !id.startsWith(`${set}-`))) return null;
  const { parsePrompts } = await import("./parse-prompts.ts");
  const { prompts } = parsePrompts(uri.path, text);
  const prompt = prompts.find((one, at) => (one.id ?? (set === null ? null : `${set}-${at + 1}`)) === id);
  if (prompt === undefined) return null;
  const document = await vscode.workspace.openTextDocument(uri);
  const range = new vscode.Range(document.positionAt(prompt.range.start), document.positionAt(prompt.range.end));
  return { document, range };
}

/** The prompt sets of a spec with their files; none where the spec can't be read any more. */
async function promptSetsOf(spec: string): Promise<{ name: string; file: string }[]> {
  const { parseDocument } = await import("yaml");
  const read = parseDocument(await savedText(vscode.Uri.file(spec))).toJS() as {
    prompts?: Record<string, { file?: unknown } | null>;
  } | null;
  return Object.entries(read?.prompts ?? {}).flatMap(([name, set]) =>
    typeof set?.file === "string" ? [{ name, file: resolve(dirname(spec), set.file) }] : [],
  );
}

/** What a file holds on disk, where hundreds of files are only looked into; one that is gone holds nothing. */
function savedText(uri: vscode.Uri): Thenable<string> {
  return vscode.workspace.fs.readFile(uri).then(
    (bytes) => Buffer.from(bytes).toString("utf8"),
    () => "",
  );
}
