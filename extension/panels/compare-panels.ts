import { basename } from "node:path";
import * as vscode from "vscode";
import { refused } from "../../shared/errors.ts";
import { KeptComparisons } from "../compare/kept-comparisons.ts";
import { Disposable } from "../disposable.ts";
import { promptTitle } from "../inspect/inspections.ts";
import { COMPARE_VIEW, ComparePanel, type CompareParts } from "./compare-panel.ts";

/** The comparisons of a window, a panel for each prompt; all of them are there again after a reload. */
export class ComparePanels extends Disposable implements vscode.WebviewPanelSerializer {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  readonly #parts: CompareParts;
  readonly #panels = new Set<ComparePanel>();

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel, parts: Omit<CompareParts, "kept">) {
    super();
    this.#context = context;
    this.#log = log;
    this.#parts = { ...parts, kept: new KeptComparisons(context.workspaceState) };
    this.register(vscode.window.registerWebviewPanelSerializer(COMPARE_VIEW, this));
  }

  override dispose(): void {
    for (const panel of this.#panels) panel.dispose();
    super.dispose();
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    const comparison = await this.#parts.kept.find(panel.title, state);
    const added = this.#add();
    if (comparison !== null) added.restore(comparison);
    added.adopt(panel);
  }

  /** Compares on a prompt, in the panel that shows it or a new one. `file`: see `ComparePanel.compare`. */
  async compare(document: vscode.TextDocument, index: number, file?: string): Promise<void> {
    const { prompts } = await this.#parts.files.parse(document);
    const prompt = prompts[index];
    if (prompt === undefined) throw refused(`${basename(document.uri.path)} has no prompt ${index + 1}.`);
    const title = promptTitle(document.uri, prompt, index, prompts.length);
    const known = [...this.#panels].find((panel) => panel.shows(document.uri, index, title));
    await (known ?? this.#add()).compare(document, index, file);
  }

  #add(): ComparePanel {
    const panel = new ComparePanel(this.#context, this.#log, this.#parts);
    this.#panels.add(panel);
    panel.onDidClose(() => {
      this.#panels.delete(panel);
      panel.dispose();
    });
    return panel;
  }
}
