import * as vscode from "vscode";
import { RefractError } from "../shared/errors.ts";

const TRUST = "Manage Workspace Trust";
const LOG = "Show Log";
const RESTART = "Restart Sidecar";

/** The sentence for the user, with the cause where it says more. */
export function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Tells the user what went wrong and offers what helps. A cancelled call is what the user wanted. */
export async function showProblem(error: unknown, log: vscode.LogOutputChannel): Promise<void> {
  const code = error instanceof RefractError ? error.code : "failed";
  log.error(error instanceof Error ? error : String(error));
  if (code === "cancelled") return;
  const sentence = sentenceOf(error);
  if (code === "untrusted") {
    const choice = await vscode.window.showWarningMessage(sentence, TRUST);
    if (choice === TRUST) await vscode.commands.executeCommand("workbench.trust.manage");
    return;
  }
  const actions = code === "engine-died" || code === "disconnected" ? [RESTART, LOG] : [LOG];
  const choice = await vscode.window.showErrorMessage(sentence, ...actions);
  if (choice === LOG) log.show();
  else if (choice === RESTART) await vscode.commands.executeCommand("refract.restartSidecar");
}
