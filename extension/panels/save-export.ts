import * as vscode from "vscode";
import { askWhere } from "../ask-where.ts";

/** Asks where an export goes, writes it and says so. */
export async function saveExport(name: string, content: Uint8Array): Promise<void> {
  const target = await askWhere(name);
  if (target === undefined) return;
  await vscode.workspace.fs.writeFile(target, content);
  const open = "Open";
  const choice = await vscode.window.showInformationMessage(`Saved ${target.fsPath}.`, open);
  if (choice !== open) return;
  // VS Code shows a page's source; the browser shows the page.
  const isPage = target.path.endsWith(".html");
  if (isPage && (await vscode.env.openExternal(target))) return;
  await vscode.commands.executeCommand("vscode.open", target);
}
