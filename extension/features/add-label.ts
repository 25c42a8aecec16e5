import * as vscode from "vscode";
import { refused } from "../../shared/errors.ts";
import type { LabelledFeature } from "../../shared/protocol/feature-messages.ts";
import { saveText, textOf } from "../file-text.ts";
import { readSettings } from "../settings.ts";
import { featureName } from "./feature-names.ts";
import { firstNotesFile, notesFile, notesWithLabel } from "./label-notes.ts";

/**
 * Asks what a feature is to be called and writes it into the user's notes; the first label begins the notes and names them in the setting.
 *
 * @returns whether a label was written.
 */
export async function addLabel(resource: vscode.Uri, feature: LabelledFeature): Promise<boolean> {
  const label = await vscode.window.showInputBox({
    prompt: `What ${featureName(feature)} stands for; empty takes your label away`,
    value: feature.label,
  });
  if (label === undefined) return false;
  const { featureLabels } = readSettings(resource);
  const folder = (vscode.workspace.getWorkspaceFolder(resource) ?? vscode.workspace.workspaceFolders?.[0])?.uri.fsPath;
  if (featureLabels === "" && folder === undefined) {
    throw refused("Open a folder, or name a file in refract.featureLabels: labels are kept in a file of yours.");
  }
  const file =
    featureLabels === "" ? firstNotesFile(folder ?? "") : notesFile(featureLabels, await isFolder(featureLabels));
  const notes = vscode.Uri.file(file);
  await saveText(notes, await notesWithLabel(await textOf(notes), feature, label.trim()));
  if (featureLabels === "") {
    const { Workspace } = vscode.ConfigurationTarget;
    await vscode.workspace
      .getConfiguration("refract")
      .update("featureLabels", vscode.workspace.asRelativePath(file, false), Workspace);
  }
  return true;
}

async function isFolder(path: string): Promise<boolean> {
  const found = await Promise.resolve(vscode.workspace.fs.stat(vscode.Uri.file(path))).catch(() => null);
  return found?.type === vscode.FileType.Directory;
}
