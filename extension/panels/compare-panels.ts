import { basename } from "node:path";
import * as vscode from "vscode";
import { refused } from "../../shared/errors.ts";
import { Disposable } from "../disposable.ts";
import { promptTitle } from "../inspect/inspections.ts";
import type { PromptFiles } from "../prompts/prompt-files.ts";
import { COMPARE_VIEW, type ComparePanel } from "./compare-panel.ts";

/** The comparisons of a window, a panel for each prompt; all of them are there again after a reload. */
export class ComparePanels extends Disposable implements vscode.WebviewPanelSerializer {
  readonly #files: PromptFiles;
  readonly #make: () => ComparePanel;
  readonly #panels = new Set<ComparePanel>();

  constructor(files: PromptFiles, make: () => ComparePanel) {
    super();
    this.#files = files;
    this.#make = make;
    this.register(vscode.window.registerWebviewPanelSerializer(COMPARE_VIEW, this));
  }

  override dispose(): void {
    for (const panel of this.#panels) panel.dispose();
    super.dispose();
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel): Promise<void> {
    this.#add().adopt(panel);
  }

  /** Compares on a prompt, in the panel that shows it or a new one. `file`: see `ComparePanel.compare`. */
  async compare(document: vscode.TextDocument, index: number, file?: string): Promise<void> {
    const { prompts } = await this.#files.parse(document);
    const prompt = prompts[index];
    if (prompt === undefined) throw refused(`${basename(document.uri.path)} has no prompt ${index + 1}.`);
    const title = promptTitle(document.uri, prompt, index, prompts.length);
    const known = [...this.#panels].find((panel) => panel.shows(document.uri, index, title));
    await (known ?? this.#add()).compare(document, index, file);
  }

  #add(): ComparePanel {
    const panel = this.#make();
    this.#panels.add(panel);
    panel.onDidClose(() => {
      this.#panels.delete(panel);
      panel.dispose();
    });
    return panel;
  }
}
