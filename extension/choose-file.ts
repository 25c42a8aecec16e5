import * as vscode from "vscode";

/** Lets the user pick a file and keeps its path in a setting of the workspace (without one, of the user). */
export async function chooseFileSetting(
  setting: string,
  label: string,
  filters: Record<string, string[]>,
): Promise<void> {
  const files = await vscode.window.showOpenDialog({ openLabel: label, filters });
  const path = files?.[0]?.fsPath;
  if (path === undefined) return;
  const target =
    vscode.workspace.workspaceFolders === undefined
      ? vscode.ConfigurationTarget.Global
      : vscode.ConfigurationTarget.Workspace;
  await vscode.workspace.getConfiguration("refract").update(setting, path, target);
}
