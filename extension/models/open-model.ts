import * as vscode from "vscode";
import type { Sidecar } from "../sidecar/sidecar.ts";
import { type Models, modelName } from "./models.ts";

type Item = vscode.QuickPickItem & { path?: string; browse?: true };

/** Offers the demo model, recent ones, what the Hugging Face cache holds, and a folder picker. */
async function choose(models: Models, sidecar: Sidecar): Promise<string | undefined> {
  const client = await sidecar.client();
  const { models: found } = await client.request("models.find", {});
  const recent = models.recent.filter((path) => path !== "demo");
  const items: Item[] = [
    { label: "$(folder-opened) Browse...", description: "a folder with an ONNX export", browse: true },
    { label: "$(beaker) demo", description: "the model that ships with Refract", path: "demo" },
    ...(recent.length > 0 ? [{ label: "recent", kind: vscode.QuickPickItemKind.Separator }] : []),
    ...recent.map((path) => ({ label: modelName(path), description: path, path })),
    { label: "in the Hugging Face cache", kind: vscode.QuickPickItemKind.Separator },
    ...found
      .filter(({ origin }) => origin === "hub-cache")
      .map(({ name, path }) => ({ label: name, description: path, path })),
  ];
  const picked = await vscode.window.showQuickPick(items, { placeHolder: "Model to open", matchOnDescription: true });
  if (picked?.browse !== true) return picked?.path;
  const folders = await vscode.window.showOpenDialog({
    canSelectFolders: true,
    canSelectFiles: true,
    filters: { "ONNX model": ["onnx"] },
    openLabel: "Open Model",
  });
  return folders?.[0]?.fsPath;
}

/** Opens a model and makes it the workspace's (without a workspace, the user's). */
export async function openModel(models: Models, sidecar: Sidecar, given: string | undefined): Promise<void> {
  const path = given ?? (await choose(models, sidecar));
  if (path === undefined) return;
  const title = `Refract: loading ${modelName(path)}`;
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () => models.open(path));
  const target =
    vscode.workspace.workspaceFolders === undefined
      ? vscode.ConfigurationTarget.Global
      : vscode.ConfigurationTarget.Workspace;
  await vscode.workspace.getConfiguration("refract").update("model", path, target);
}
