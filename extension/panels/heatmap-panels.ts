import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";
import { HEATMAP_VIEW, HeatmapPanel, type HeatmapParts, type Origin, type RestoredHeatmap } from "./heatmap-panel.ts";

/** The heatmaps of a window: one goes along with what is looked at, locked ones keep their prompts; all of them are there again after a reload. */
export class HeatmapPanels extends Disposable implements vscode.WebviewPanelSerializer {
  readonly #make: (restored: RestoredHeatmap) => HeatmapPanel;
  readonly #panels = new Set<HeatmapPanel>();

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel, parts: Omit<HeatmapParts, "isKept">) {
    super();
    const isKept = (origin: Origin) => [...this.#panels].some((panel) => panel.locked && panel.shows(origin));
    this.#make = (restored) => new HeatmapPanel(context, log, { ...parts, isKept }, restored);
    this.register(vscode.window.registerWebviewPanelSerializer(HEATMAP_VIEW, this));
  }

  override dispose(): void {
    for (const panel of this.#panels) panel.dispose();
    super.dispose();
  }

  async deserializeWebviewPanel(panel: vscode.WebviewPanel, state: unknown): Promise<void> {
    this.#add(restoredFrom(state)).adopt(panel);
  }

  /** Shows the heatmap that is locked on a prompt, else the one that goes along with what is looked at; opens another where all are locked. */
  show(origin: Origin | null): void {
    const panels = [...this.#panels];
    const kept = panels.find((panel) => panel.locked && origin !== null && panel.shows(origin));
    const shown = kept ?? panels.find(({ locked }) => !locked) ?? this.#add({ origin: null, locked: false });
    shown.show();
  }

  #add(restored: RestoredHeatmap): HeatmapPanel {
    const panel = this.#make(restored);
    this.#panels.add(panel);
    panel.onDidClose(() => {
      this.#panels.delete(panel);
      panel.dispose();
    });
    return panel;
  }
}

/** What a page saved of itself; a page of an earlier version saved less. */
function restoredFrom(state: unknown): RestoredHeatmap {
  const { origin, locked } = (state ?? {}) as { origin?: Partial<Origin> | null; locked?: unknown };
  const known = typeof origin?.uri === "string" && typeof origin.prompt === "number";
  return {
    origin: known ? { uri: origin.uri ?? "", prompt: origin.prompt ?? 0 } : null,
    locked: locked === true,
  };
}
