import * as vscode from "vscode";
import { refused } from "../../shared/errors.ts";
import type { Commands } from "../commands.ts";
import type { ResultsPanel } from "../panels/results-panel.ts";
import { runsOfSpec } from "./run-folders.ts";
import type { RunningSpecs } from "./running-specs.ts";
import type { RunsView } from "./runs-view.ts";

function specOf(uri: vscode.Uri | undefined): vscode.Uri {
  const spec = uri ?? vscode.window.activeTextEditor?.document.uri;
  if (spec === undefined || !spec.path.endsWith(".refract.yaml")) throw refused("Open a spec (*.refract.yaml) first.");
  return spec;
}

/** The commands about runs. */
export function addRunCommands(
  commands: Commands,
  parts: { running: RunningSpecs; view: RunsView; results: ResultsPanel },
): void {
  const { running, view, results } = parts;
  commands.add("runExperiment", async (uri?: vscode.Uri, from?: string) => {
    const spec = specOf(uri);
    await vscode.workspace.openTextDocument(spec).then((document) => document.save());
    const folder = await running.run(spec.fsPath, from, (path) => void results.open(path));
    view.refresh();
    await results.open(folder);
  });
  commands.add("showResult", async (uri?: vscode.Uri) => {
    const spec = specOf(uri);
    const [last] = (await runsOfSpec(spec.fsPath)).filter(({ summarised }) => summarised);
    if (last === undefined)
      throw refused(`${vscode.workspace.asRelativePath(spec)} has no finished run: run it first.`);
    await results.open(last.folder);
  });
  commands.add("openRun", (folder?: string) => {
    if (folder === undefined) throw refused("Choose a run in the Runs view.");
    return results.open(folder);
  });
  commands.add("refreshRuns", () => view.refresh());
}
