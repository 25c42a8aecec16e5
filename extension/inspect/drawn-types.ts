import type * as vscode from "vscode";

/**
 * Sets an editor's decorations, and leaves a type alone that has none there and gets none: each call is a message to the window, and of the 33 buckets
 * a prompt uses a few.
 */
export class DrawnTypes {
  readonly #drawn = new WeakMap<vscode.TextEditor, Set<vscode.TextEditorDecorationType>>();

  set(
    editor: vscode.TextEditor,
    type: vscode.TextEditorDecorationType,
    ranges: readonly vscode.Range[] | readonly vscode.DecorationOptions[],
  ): void {
    const drawn = this.#drawn.get(editor) ?? new Set();
    this.#drawn.set(editor, drawn);
    if (ranges.length === 0 && !drawn.delete(type)) return;
    if (ranges.length > 0) drawn.add(type);
    editor.setDecorations(type, ranges);
  }
}
