import * as vscode from "vscode";

/** Asks where an export goes, writes it and says so. */
export async function saveExport(name: string, content: Uint8Array): Promise<void> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
  const target = await vscode.window.showSaveDialog(
    folder === undefined ? {} : { defaultUri: vscode.Uri.joinPath(folder, name) },
  );
  if (target === undefined) return;
  await vscode.workspace.fs.writeFile(target, content);
  const open = "Open";
  const choice = await vscode.window.showInformationMessage(`Saved ${target.fsPath}.`, open);
  if (choice === open) await vscode.commands.executeCommand("vscode.open", target);
}
