import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";
import type { EditorView } from "./editor-view.ts";
import type { Inspections } from "./inspections.ts";
import type { SharedCursor } from "./shared-cursor.ts";

/** Layer and reading of the prompt under the shared cursor in the status bar, and the context keys that the keys depend on. */
export class LayerItem extends Disposable {
  readonly #layer = this.register(
    vscode.window.createStatusBarItem("refract.layer", vscode.StatusBarAlignment.Right, 99),
  );
  readonly #reading = this.register(
    vscode.window.createStatusBarItem("refract.reading", vscode.StatusBarAlignment.Right, 98),
  );
  readonly #inspections: Inspections;
  readonly #view: EditorView;
  readonly #cursor: SharedCursor;

  constructor(inspections: Inspections, view: EditorView, cursor: SharedCursor) {
    super();
    this.#inspections = inspections;
    this.#view = view;
    this.#cursor = cursor;
    this.#layer.name = "Refract: layer";
    this.#layer.command = "refract.chooseLayer";
    this.#reading.name = "Refract: reading";
    this.#reading.command = "refract.chooseReading";
    this.register(inspections.onDidChange(() => this.#show()));
    this.register(cursor.onDidMove(() => this.#show()));
    this.#show();
  }

  #show(): void {
    // The cursor's prompt and not the active editor's: it stays while a page has the focus.
    const { place } = this.#cursor;
    const inspected = place === null ? undefined : this.#inspections.get(vscode.Uri.parse(place.uri), place.prompt);
    void vscode.commands.executeCommand("setContext", "refract.inspected", inspected !== undefined);
    if (inspected === undefined) {
      this.#layer.hide();
      this.#reading.hide();
      return;
    }
    const { inspection, reading } = inspected;
    this.#layer.text = `$(layers) L${this.#view.layerFor(inspected)}/${inspection.layers - 1}`;
    this.#layer.tooltip = `Layer that the tints show, at ${inspection.site} (Alt+[ and Alt+])`;
    this.#reading.text = reading.label;
    this.#reading.tooltip = `${reading.describe} (Alt+Shift+[ and Alt+Shift+])`;
    this.#layer.show();
    this.#reading.show();
  }
}
