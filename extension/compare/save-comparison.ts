import * as vscode from "vscode";
import { type ExperimentToSave, specWithComparison } from "./save-as-experiment.ts";

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
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  return vscode.window.showSaveDialog(
    folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, "compared.refract.yaml") },
  );
}

/** What a file holds, unsaved changes included; empty where it is not there yet. */
export async function textOf(uri: vscode.Uri): Promise<string> {
  const exists = await vscode.workspace.fs.stat(uri).then(
    () => true,
    () => false,
  );
  return exists ? (await vscode.workspace.openTextDocument(uri)).getText() : "";
}

/** Writes a comparison into a spec that the user chooses, saves it and shows it there. */
export async function saveComparison(comparison: Omit<ExperimentToSave, "spec">): Promise<void> {
  const uri = await chooseSpec("Spec that the experiment is written into");
  if (uri === undefined) return;
  const before = await textOf(uri);
  const { text, name } = await specWithComparison(before, { ...comparison, spec: uri.fsPath });
  const edit = new vscode.WorkspaceEdit();
  edit.createFile(uri, { ignoreIfExists: true });
  const all = new vscode.Range(0, 0, Number.MAX_SAFE_INTEGER, 0);
  edit.replace(uri, all, text);
  await vscode.workspace.applyEdit(edit);
  const document = await vscode.workspace.openTextDocument(uri);
  await document.save();
  const at = document.positionAt(text.lastIndexOf(`${name}:`));
  await vscode.window.showTextDocument(document, {
    viewColumn: vscode.ViewColumn.One,
    selection: new vscode.Range(at, at),
  });
}
