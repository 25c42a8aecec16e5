import * as vscode from "vscode";
import { refused } from "../../shared/errors.ts";
import type { OfferedCondition } from "../../shared/protocol/compare-stream.ts";
import type { RefractClient } from "../../shared/protocol/interface.ts";
import type { CompareColumn } from "../../shared/protocol/pages/compare-messages.ts";
import { readSettings } from "../settings.ts";
import { wireCondition } from "./comparison-run.ts";
import type { ConditionToSave } from "./save-as-experiment.ts";

const PATTERNS = ["**/*.edits.json", "**/*.refract.yaml"];
const MOST_FILES = 50;

export const BASELINE: OfferedCondition = {
  name: "baseline",
  file: null,
  describe: "",
  slider: null,
  edits: [],
};

/** Files whose conditions Compare can offer for a resource: the setting's, else what the workspace holds or lies beside the resource, nearest first. */
export async function conditionFiles(resource: vscode.Uri): Promise<string[]> {
  const { conditions } = readSettings(resource);
  if (conditions !== "") return [conditions];
  const { RelativePattern, workspace } = vscode;
  // A prompt of no folder of this window, as the demo's: what lies beside it.
  const outside = workspace.getWorkspaceFolder(resource) === undefined;
  const beside = (pattern: string) => new RelativePattern(vscode.Uri.joinPath(resource, ".."), pattern);
  const found = await Promise.all(
    PATTERNS.flatMap((pattern) => [
      workspace.findFiles(pattern, "**/node_modules/**", MOST_FILES),
      ...(outside ? [workspace.findFiles(beside(pattern.replace("**/", "")), null, MOST_FILES)] : []),
    ]),
  );
  const near = (path: string) => {
    let shared = 0;
    while (shared < path.length && path[shared] === resource.fsPath[shared]) shared++;
    return shared;
  };
  // Edits files first: they run as they are, a spec's components may have to be found by a run.
  const isSpec = (path: string) => Number(path.endsWith(".yaml"));
  return found
    .flat()
    .map((uri) => uri.fsPath)
    .sort((a, b) => isSpec(a) - isSpec(b) || near(b) - near(a) || a.localeCompare(b));
}

/** Every condition that can be compared on a resource; a file that can't be read doesn't hide the others' conditions. */
export async function offeredConditions(
  client: RefractClient,
  resource: vscode.Uri,
  log: vscode.LogOutputChannel,
): Promise<OfferedCondition[]> {
  const files = await conditionFiles(resource);
  const offered: OfferedCondition[] = [BASELINE];
  const failures: unknown[] = [];
  for (const file of files) {
    try {
      const { conditions } = await client.request("conditions.list", { file });
      offered.push(...conditions.filter(({ edits }) => edits.length > 0));
    } catch (error) {
      log.warn(`${file}: ${String(error)}`);
      failures.push(error);
    }
  }
  if (offered.length === 1 && failures[0] !== undefined) throw failures[0];
  if (offered.length === 1) {
    throw refused(
      'There is no condition to compare: no edits file (*.edits.json) or spec (*.refract.yaml) with conditions is in this workspace. Choose one with "Refract: Choose Conditions File...".',
    );
  }
  return offered;
}

/** The conditions of columns with their edits, as their files have them now. */
export async function conditionsWithEdits(
  client: RefractClient,
  columns: readonly CompareColumn[],
): Promise<ConditionToSave[]> {
  const files = new Set(columns.flatMap(({ file }) => file ?? []));
  const lists = await Promise.all([...files].map((file) => client.request("conditions.list", { file })));
  const offered = [BASELINE, ...lists.flatMap(({ conditions }) => conditions)];
  return columns.map((column) => {
    const found = offered.find(({ name, file }) => name === column.condition && file === column.file);
    if (found === undefined) throw refused(`${column.file}: has no condition "${column.condition}" any more.`);
    return { condition: wireCondition(column), edits: found.edits };
  });
}
