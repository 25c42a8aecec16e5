import type * as vscode from "vscode";
import { readSettings } from "../settings.ts";

/** Where the sidecar finds a resource's dictionaries and what their features are called; `null` where the settings name nothing. */
export function featureSources(resource: vscode.Uri): { dictionaries: string | null; labels: string | null } {
  const { dictionaries, featureLabels } = readSettings(resource);
  return { dictionaries: dictionaries || null, labels: featureLabels || null };
}
