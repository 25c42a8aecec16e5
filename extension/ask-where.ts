import { homedir } from "node:os";
import * as vscode from "vscode";

/** Asks where a file goes, with a name to begin with: in the workspace, or at home where no folder is open. */
export function askWhere(name: string): Thenable<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
  return vscode.window.showSaveDialog({ defaultUri: vscode.Uri.joinPath(folder, name) });
}
