import * as vscode from "vscode";
import type { RefractApi } from "../../../extension/activate.ts";

/** The running extension, as its `activate` returned it. */
export async function refractApi(): Promise<RefractApi> {
  const extension = vscode.extensions.getExtension<RefractApi>("refract.refract");
  if (extension === undefined) throw new Error("VS Code doesn't know the extension.");
  return extension.activate();
}

/** Opens a file of the workspace in an editor. */
export async function openFile(path: string): Promise<vscode.TextEditor> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  if (folder === undefined) throw new Error("No folder is open.");
  return vscode.window.showTextDocument(vscode.Uri.joinPath(folder.uri, path), { preview: false });
}

/** Waits until a condition holds. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, limit = 30_000): Promise<void> {
  const deadline = Date.now() + limit;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Not within ${limit} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The titles of a document's lenses, resolved. */
export async function lensTitles(uri: vscode.Uri, resolve: number): Promise<string[]> {
  const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
    "vscode.executeCodeLensProvider",
    uri,
    resolve,
  );
  return lenses.map(({ command }) => command?.title ?? "");
}
