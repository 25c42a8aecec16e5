import * as vscode from "vscode";
import { askWhere } from "../ask-where.ts";
import { saveText } from "../file-text.ts";

const NEW_SPEC = "New spec...";

/** A spec of the workspace, or a new one. */
export async function chooseSpec(placeHolder: string): Promise<vscode.Uri | undefined> {
  const specs = await vscode.workspace.findFiles("**/*.refract.yaml", "**/node_modules/**");
  const items = [
    ...specs.map((uri) => ({ label: vscode.workspace.asRelativePath(uri), uri })),
    { label: NEW_SPEC, uri: undefined },
  ];
  const picked = await vscode.window.showQuickPick(items, { placeHolder });
  if (picked === undefined || picked.uri !== undefined) return picked?.uri;
  return askWhere("compared.refract.yaml");
}

/** Writes a spec's text, saves it, and shows it in the first column, so that the page that it comes from stays in sight. */
export async function writeSpec(uri: vscode.Uri, text: string, shownAt: number): Promise<void> {
  const document = await saveText(uri, text);
  const at = document.positionAt(shownAt);
  await vscode.window.showTextDocument(document, {
    viewColumn: vscode.ViewColumn.One,
    selection: new vscode.Range(at, at),
  });
}
