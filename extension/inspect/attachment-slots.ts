import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";
import { DrawnTypes } from "./drawn-types.ts";

/**
 * Attachments that stand at one place keep an order. VS Code sorts what it draws at the same column by the name of its style, which begins with the
 * decoration type's key: the n-th attachment gets the type whose key is the n-th, and its text comes out where it belongs.
 */
export class AttachmentSlots extends Disposable {
  #types: vscode.TextEditorDecorationType[] = [];
  readonly #drawn = new DrawnTypes();

  override dispose(): void {
    for (const type of this.#types) type.dispose();
    super.dispose();
  }

  /** Replaces an editor's attachments: by place in the order, one for each prompt that is drawn. */
  set(editor: vscode.TextEditor, slots: readonly (readonly vscode.DecorationOptions[])[]): void {
    this.#grow(slots.length);
    for (const [at, type] of this.#types.entries()) this.#drawn.set(editor, type, slots[at] ?? []);
  }

  #grow(count: number): void {
    if (this.#types.length >= count) return;
    // A new key may sort before the old ones: everything is drawn again with each call, so the order may change.
    while (this.#types.length < count) this.#types.push(vscode.window.createTextEditorDecorationType({}));
    this.#types.sort((a, b) => (a.key < b.key ? -1 : 1));
  }
}
