import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";
import type { InspectedPrompt, Inspections } from "./inspections.ts";
import { tokensAt } from "./placed-token.ts";
import type { SharedCursor } from "./shared-cursor.ts";
import { summaryOf, type TintedPrompt, Tints } from "./tints.ts";

/** How long scrolling rests before tints are drawn for what has come into sight. */
const SCROLL_REST_MS = 30;

/** Shows readings in editors and keeps them and the shared cursor together. */
export class EditorView extends Disposable {
  readonly #inspections: Inspections;
  readonly #cursor: SharedCursor;
  readonly #tints = this.register(new Tints());
  readonly #drawn = this.register(new vscode.EventEmitter<{ uri: string; ranges: number; at: number }>());
  readonly #resting = new Map<vscode.TextEditor, NodeJS.Timeout>();
  #layer: number | null = null;

  /** Tints were set, with the time at which they were (`performance.now()`), for measurements. */
  readonly onDidDraw = this.#drawn.event;

  constructor(inspections: Inspections, cursor: SharedCursor) {
    super();
    this.#inspections = inspections;
    this.#cursor = cursor;
    this.register(
      inspections.onDidChange((event) => {
        if (event.kind === "read") this.#read(event.inspected);
        else if (event.kind === "stale") this.#drawAll(event.inspected.uri);
        else if (event.kind === "cleared") this.#drawAll(event.uri);
      }),
    );
    this.register(
      cursor.onDidMove(({ place, by }) => {
        this.#layer = place.layer;
        const uri = vscode.Uri.parse(place.uri);
        this.#drawAll(uri);
        if (by === "heatmap") this.#reveal(uri, place.prompt, place.token);
      }),
    );
    this.register(vscode.window.onDidChangeTextEditorVisibleRanges(({ textEditor }) => this.#soon(textEditor)));
    this.register(
      vscode.window.onDidChangeVisibleTextEditors((editors) => {
        for (const editor of editors) this.#soon(editor);
      }),
    );
    this.register(
      vscode.window.onDidChangeActiveColorTheme(() => {
        for (const editor of vscode.window.visibleTextEditors) this.draw(editor);
      }),
    );
    this.register(vscode.window.onDidChangeTextEditorSelection((event) => this.#selected(event)));
  }

  override dispose(): void {
    for (const timer of this.#resting.values()) clearTimeout(timer);
    super.dispose();
  }

  /** The layer that is shown: the chosen one, as far as the model has it; before any choice the one at 60% of the depth. */
  layerFor(inspected: InspectedPrompt): number {
    const { layers } = inspected.inspection;
    return Math.min(layers - 1, this.#layer ?? Math.floor(layers * 0.6));
  }

  draw(editor: vscode.TextEditor): void {
    const prompts = this.#inspections.of(editor.document.uri);
    const ranges = this.#tints.draw(
      editor,
      prompts.map((inspected) => this.#tinted(inspected)),
    );
    if (prompts.length > 0) this.#drawn.fire({ uri: editor.document.uri.toString(), ranges, at: performance.now() });
  }

  #tinted(inspected: InspectedPrompt): TintedPrompt {
    const { inspection, tokens, scale, stale, reading } = inspected;
    const layer = this.layerFor(inspected);
    const count = inspection.ledger.tokens.length;
    const values = inspection.values.subarray(layer * count, (layer + 1) * count);
    const place = this.#cursor.place;
    const here = place !== null && place.uri === inspected.uri.toString() && place.prompt === inspected.prompt;
    return {
      tokens,
      values,
      scale,
      stale,
      summary: summaryOf(layer, reading.label, values[count - 1] ?? Number.NaN),
      cursor: here ? place.token : null,
    };
  }

  /** Draws once: a cursor that moves draws by itself. */
  #read(inspected: InspectedPrompt): void {
    const before = this.#cursor.place;
    this.#placeCursor(inspected);
    if (this.#cursor.place === before) this.#drawAll(inspected.uri);
  }

  #drawAll(uri: vscode.Uri): void {
    for (const editor of editorsOf(uri)) this.draw(editor);
  }

  #soon(editor: vscode.TextEditor): void {
    if (this.#inspections.of(editor.document.uri).length === 0) return;
    clearTimeout(this.#resting.get(editor));
    this.#resting.set(
      editor,
      setTimeout(() => {
        this.#resting.delete(editor);
        this.draw(editor);
      }, SCROLL_REST_MS),
    );
  }

  /** After a first reading the cursor stands on the last token, where refusal is read. */
  #placeCursor(inspected: InspectedPrompt): void {
    const { place } = this.#cursor;
    const uri = inspected.uri.toString();
    const last = inspected.tokens.length - 1;
    const here = place !== null && place.uri === uri && place.prompt === inspected.prompt;
    const token = here ? Math.min(place.token, last) : last;
    this.#cursor.move({ uri, prompt: inspected.prompt, token, layer: this.layerFor(inspected) }, "command");
  }

  #selected({ textEditor, selections, kind }: vscode.TextEditorSelectionChangeEvent): void {
    // Selections that this view sets itself have no kind.
    if (kind === undefined) return;
    const active = selections[0]?.active;
    if (active === undefined) return;
    const offset = textEditor.document.offsetAt(active);
    for (const inspected of this.#inspections.of(textEditor.document.uri)) {
      const token = tokensAt(inspected.tokens, offset)[0];
      if (token === undefined) continue;
      const uri = textEditor.document.uri.toString();
      this.#cursor.move(
        { uri, prompt: inspected.prompt, token: token.index, layer: this.layerFor(inspected) },
        "editor",
      );
      return;
    }
  }

  #reveal(uri: vscode.Uri, prompt: number, token: number): void {
    const inspected = this.#inspections.get(uri, prompt);
    const editor = editorsOf(uri)[0];
    if (inspected === undefined || editor === undefined) return;
    const place = inspected.tokens[token]?.place ?? inspected.tokens.findLast((other) => other.place !== null)?.place;
    if (place === null || place === undefined) return;
    const range = new vscode.Range(editor.document.positionAt(place.start), editor.document.positionAt(place.end));
    editor.revealRange(range, vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }
}

function editorsOf(uri: vscode.Uri): vscode.TextEditor[] {
  const key = uri.toString();
  return vscode.window.visibleTextEditors.filter((editor) => editor.document.uri.toString() === key);
}
