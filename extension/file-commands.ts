import * as vscode from "vscode";
import { refused } from "../shared/errors.ts";
import { chooseFileSetting, chooseFolderSetting } from "./choose-file.ts";
import type { Commands } from "./commands.ts";
import { DEMO_PROMPTS, openDemoFile } from "./demo/open-demo.ts";
import { promptPlace } from "./inspect/inspect-commands.ts";
import type { Inspections } from "./inspect/inspections.ts";
import type { SharedCursor } from "./inspect/shared-cursor.ts";
import type { Models } from "./models/models.ts";
import { modelOfNode } from "./models/models-view.ts";
import { openModel } from "./models/open-model.ts";
import type { ComparePanels } from "./panels/compare-panels.ts";
import type { PromptFiles } from "./prompts/prompt-files.ts";
import type { Sidecar } from "./sidecar/sidecar.ts";

export interface FileParts {
  context: vscode.ExtensionContext;
  log: vscode.LogOutputChannel;
  sidecar: Sidecar;
  models: Models;
  files: PromptFiles;
  inspections: Inspections;
  compare: ComparePanels;
  cursor: SharedCursor;
}

async function askForToken(sidecar: Sidecar): Promise<void> {
  const token = await vscode.window.showInputBox({
    prompt: 'Token that "refract serve" printed on the remote machine',
    password: true,
    ignoreFocusOut: true,
  });
  if (token !== undefined && token !== "") await sidecar.setToken(token);
}

/** The commands about the sidecar, models and files. */
export function addFileCommands(commands: Commands, parts: FileParts): void {
  const { context, log, sidecar, models, files, inspections, compare, cursor } = parts;
  commands.add("restartSidecar", () => sidecar.restart());
  commands.add("stopSidecar", () => sidecar.stop());
  commands.add("setSidecarToken", () => askForToken(sidecar));
  commands.add("showLog", () => log.show());
  commands.add("openModel", (path?: unknown) =>
    openModel(models, sidecar, typeof path === "string" ? path : undefined),
  );
  commands.add("closeModel", async (node?: unknown) => {
    const path = modelOfNode(node) ?? models.loaded[0]?.path;
    if (path === undefined) throw refused("No model is open.");
    await models.close(path);
  });
  commands.add("refreshModels", () => models.refresh());
  commands.add("compare", async (uri?: vscode.Uri, index?: unknown) => {
    const { document, prompt } = await promptPlace(files, cursor.place, uri, index);
    await compare.compare(document, prompt);
  });
  commands.add("openDemo", async (spec?: unknown) => {
    if (typeof spec === "string") await openDemoFile(context, spec);
    else await inspections.inspect(await openDemoFile(context, DEMO_PROMPTS), 0);
  });
  commands.add("chooseDirections", () =>
    chooseFileSetting("directions", "Use Directions", { Directions: ["safetensors", "npy", "gguf"] }),
  );
  commands.add("chooseDictionaries", () => chooseFolderSetting("dictionaries", "Use Dictionaries"));
  commands.add("chooseConditions", () =>
    chooseFileSetting("conditions", "Use Conditions", { "Edits files and specs": ["json", "yaml"] }),
  );
}
