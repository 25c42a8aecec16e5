import * as vscode from "vscode";

/** Lets the user pick a file and keeps its path in a setting of the workspace (without one, of the user). */
export function chooseFileSetting(setting: string, label: string, filters: Record<string, string[]>): Promise<void> {
  return choose(setting, { openLabel: label, filters });
}

/** The same with a folder. */
export function chooseFolderSetting(setting: string, label: string): Promise<void> {
  return choose(setting, { openLabel: label, canSelectFolders: true, canSelectFiles: false });
}

async function choose(setting: string, options: vscode.OpenDialogOptions): Promise<void> {
  const files = await vscode.window.showOpenDialog(options);
  const path = files?.[0]?.fsPath;
  if (path === undefined) return;
  const target =
    vscode.workspace.workspaceFolders === undefined
      ? vscode.ConfigurationTarget.Global
      : vscode.ConfigurationTarget.Workspace;
  await vscode.workspace.getConfiguration("refract").update(setting, path, target);
}
