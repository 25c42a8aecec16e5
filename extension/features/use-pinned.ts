import { basename, dirname, join } from "node:path";
import * as vscode from "vscode";
import { refused } from "../../shared/errors.ts";
import type { FeatureReference } from "../../shared/protocol/feature-messages.ts";
import { textOf } from "../file-text.ts";
import type { InspectedPrompt } from "../inspect/inspections.ts";
import { chooseSpec, writeSpec } from "../runs/spec-file.ts";
import type { FeatureRequests } from "./feature-requests.ts";
import { pinnedEditsFile, specWithComponents } from "./pinned-edits.ts";

/** Writes the pinned features into a spec that the user chooses, as a component per layer, with their vectors in a file beside it. */
export async function pinnedAsComponent(
  requests: FeatureRequests,
  { uri, model }: { uri: vscode.Uri; model: string },
  features: readonly FeatureReference[],
): Promise<void> {
  if (features.length === 0) throw refused("No feature is pinned.");
  const spec = await chooseSpec("Spec that the component is written into");
  if (spec === undefined) return;
  const file = join(dirname(spec.fsPath), vectorsFile(spec.fsPath, features));
  const { written } = await requests.write(uri, features, file);
  const before = await textOf(spec);
  const { text, names } = await specWithComponents(before, { spec: spec.fsPath, model, file, written });
  await writeSpec(spec, text, text.indexOf(`${names[0]}:`));
}

/** `refusal.features-4-512-33.safetensors`: the same features give the same file. */
function vectorsFile(spec: string, features: readonly FeatureReference[]): string {
  const numbers = features.map(({ layer, feature }) => `${layer}.${feature}`);
  const named = numbers.length <= 4 ? numbers.join("-") : `${numbers.slice(0, 3).join("-")}-and-${numbers.length - 3}`;
  return `${basename(spec).replace(/\.refract\.ya?ml$/i, "")}.features-${named}.safetensors`;
}

/** Writes an edits file that takes the pinned features out, in the extension's own storage, and says where. */
export async function pinnedAsEdits(
  context: vscode.ExtensionContext,
  requests: FeatureRequests,
  { uri }: InspectedPrompt,
  features: readonly FeatureReference[],
): Promise<string> {
  if (features.length === 0) throw refused("No feature is pinned.");
  const text = pinnedEditsFile(features, await requests.suite(uri));
  const folder = context.storageUri ?? context.globalStorageUri;
  const file = vscode.Uri.joinPath(folder, "pinned-features.edits.json");
  await vscode.workspace.fs.createDirectory(folder);
  await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(text));
  return file.fsPath;
}
