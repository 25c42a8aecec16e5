import * as vscode from "vscode";
import { refused } from "../shared/errors.ts";

/** What a file holds, unsaved changes included; empty where it is not there yet. */
export async function textOf(uri: vscode.Uri): Promise<string> {
  const exists = await vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
  return exists ? (await vscode.workspace.openTextDocument(uri)).getText() : "";
}

/** Writes a file through the editor, so that one which is open keeps its undo, and saves it. Refused where it can't be saved. */
export async function saveText(uri: vscode.Uri, text: string): Promise<vscode.TextDocument> {
  const edit = new vscode.WorkspaceEdit();
  edit.createFile(uri, { ignoreIfExists: true });
  edit.replace(uri, new vscode.Range(0, 0, Number.MAX_SAFE_INTEGER, 0), text);
  await vscode.workspace.applyEdit(edit);
  const document = await vscode.workspace.openTextDocument(uri);
  if (!(await document.save())) throw refused(`${uri.fsPath}: could not be saved; look at whether it may be written.`);
  return document;
}
