import { cp } from "node:fs/promises";
import * as vscode from "vscode";

/** The prompt that the demo opens, in the samples. */
export const DEMO_PROMPTS = "start.prompt.md";

/**
 * A copy of the sample workspace that the user may change, in the extension's own storage; a copy that is there already is kept, with what the
 * user has done to it.
 */
async function demoFolder(context: vscode.ExtensionContext): Promise<vscode.Uri> {
  const target = vscode.Uri.joinPath(context.globalStorageUri, "demo");
  const source = context.asAbsolutePath("extension/samples");
  const model = context.asAbsolutePath("extension/samples/model");
  await cp(source, target.fsPath, { recursive: true, force: false, filter: (path) => !path.startsWith(model) });
  return target;
}

/** Opens a file of the demo in this window and returns the document. A window that has the samples open shows theirs. */
export async function openDemoFile(context: vscode.ExtensionContext, name: string): Promise<vscode.TextDocument> {
  const [inWorkspace] = await vscode.workspace.findFiles(`**/${name}`, "**/node_modules/**", 1);
  const uri = inWorkspace ?? vscode.Uri.joinPath(await demoFolder(context), name);
  const document = await vscode.workspace.openTextDocument(uri);
  await vscode.window.showTextDocument(document, { viewColumn: vscode.ViewColumn.One, preview: false });
  return document;
}
