import * as vscode from "vscode";

const MOST_FILES = 200;

/** Finds a prompt by the id that its file gives it, among the files with rows in a folder and in the workspace. */
export async function findPromptById(
  id: string,
  folder: vscode.Uri,
): Promise<{ document: vscode.TextDocument; range: vscode.Range } | null> {
  const { parsePrompts } = await import("./parse-prompts.ts");
  const rows = "**/*.{jsonl,json,csv}";
  const found = await Promise.all(
    [new vscode.RelativePattern(folder, rows), rows].map((pattern) =>
      vscode.workspace.findFiles(pattern, "**/{node_modules,runs}/**", MOST_FILES),
    ),
  );
  for (const uri of found.flat()) {
    const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString("utf8");
    // Parsing every file of the workspace would be slow: most don't even hold the letters.
    if (!text.includes(id)) continue;
    const prompt = parsePrompts(uri.path, text).prompts.find((one) => one.id === id);
    if (prompt === undefined) continue;
    const document = await vscode.workspace.openTextDocument(uri);
    const range = new vscode.Range(document.positionAt(prompt.range.start), document.positionAt(prompt.range.end));
    return { document, range };
  }
  return null;
}
