import { isAbsolute, join } from "node:path";
import * as vscode from "vscode";
import { SITES, type Site } from "../shared/engine/hook-point.ts";

/** The settings under `refract.`, read when they are needed, so that a change holds from the next use. */
export interface Settings {
  /** `demo` or an absolute path. */
  model: string;
  promptFiles: string[];
  directions: string;
  conditions: string;
  /** Absolute path of the folder or file of the model's dictionaries; empty: those beside the model. */
  dictionaries: string;
  /** Absolute path of the file with features' labels; empty where there is none. */
  featureLabels: string;
  reading: string;
  site: Site;
  refusalTokens: string[];
  inspectDelay: number;
  maxNewTokens: number;
  plugins: string[];
  provider: string;
  threads: number;
  /** Megabytes that the encoders of dictionaries may hold, by model. */
  dictionaryBudget: number;
  nodePath: string;
  url: string;
}

/** A path of a setting as the user means it: relative ones start at the workspace folder of the resource, or the first one. */
function absolute(path: string, resource: vscode.Uri | undefined): string {
  if (path === "" || isAbsolute(path)) return path;
  const folder =
    (resource === undefined ? undefined : vscode.workspace.getWorkspaceFolder(resource)) ??
    vscode.workspace.workspaceFolders?.[0];
  return folder === undefined ? path : join(folder.uri.fsPath, path);
}

export function readSettings(resource?: vscode.Uri): Settings {
  const configuration = vscode.workspace.getConfiguration("refract", resource);
  const text = (key: string) => configuration.get<string>(key, "");
  const model = text("model");
  const site = text("site");
  return {
    model: model === "" || model === "demo" ? "demo" : absolute(model, resource),
    promptFiles: configuration.get<string[]>("promptFiles", []),
    directions: absolute(text("directions"), resource),
    conditions: absolute(text("conditions"), resource),
    dictionaries: absolute(text("dictionaries"), resource),
    featureLabels: absolute(text("featureLabels"), resource),
    reading: text("reading"),
    site: SITES.find((known) => known === site) ?? "resid_post",
    refusalTokens: configuration.get<string[]>("refusalTokens", []),
    inspectDelay: configuration.get<number>("inspect.delay", 400),
    maxNewTokens: configuration.get<number>("compare.maxNewTokens", 48),
    plugins: configuration.get<string[]>("plugins", []).map((path) => absolute(path, resource)),
    provider: text("provider"),
    threads: configuration.get<number>("threads", 0),
    dictionaryBudget: configuration.get<number>("dictionaryBudget", 4096),
    nodePath: absolute(text("sidecar.nodePath"), resource),
    url: text("sidecar.url"),
  };
}
