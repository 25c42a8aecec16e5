import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";
import type { Sidecar } from "./sidecar.ts";
import { type SidecarState, statusText } from "./sidecar-state.ts";

/** What a click on the status item does in each state. */
function commandFor(state: SidecarState): string {
  if (state.kind === "restricted") return "workbench.trust.manage";
  return state.kind === "off" || state.kind === "ready" ? "refract.openModel" : "refract.showLog";
}

/** The sidecar's state in the status bar. */
export class StatusItem extends Disposable {
  readonly #item = this.register(
    vscode.window.createStatusBarItem("refract.sidecar", vscode.StatusBarAlignment.Right, 100),
  );

  constructor(sidecar: Sidecar) {
    super();
    this.#item.name = "Refract";
    this.register(sidecar.onDidChangeState((state) => this.#show(state)));
    this.#show(sidecar.state);
    this.#item.show();
  }

  #show(state: SidecarState): void {
    const { text, tooltip, severity } = statusText(state);
    this.#item.text = text;
    this.#item.tooltip = tooltip;
    this.#item.command = commandFor(state);
    this.#item.backgroundColor =
      severity === "normal" ? undefined : new vscode.ThemeColor(`statusBarItem.${severity}Background`);
  }
}
