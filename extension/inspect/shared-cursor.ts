import * as vscode from "vscode";
import { Disposable } from "../disposable.ts";

/** Which cell the user looks at; the editor, the heatmap and the comparison all follow it. */
export interface CursorPlace {
  uri: string;
  prompt: number;
  token: number;
  layer: number;
}

/** Who moved the cursor: whoever did needs no telling. */
export type CursorMover = "editor" | "heatmap" | "command";

/** The one cursor that every view shares. */
export class SharedCursor extends Disposable {
  readonly #moved = this.register(new vscode.EventEmitter<{ place: CursorPlace; by: CursorMover }>());
  #place: CursorPlace | null = null;

  readonly onDidMove = this.#moved.event;

  get place(): CursorPlace | null {
    return this.#place;
  }

  move(place: CursorPlace, by: CursorMover): void {
    const old = this.#place;
    const same =
      old !== null &&
      old.uri === place.uri &&
      old.prompt === place.prompt &&
      old.token === place.token &&
      old.layer === place.layer;
    if (same) return;
    this.#place = place;
    this.#moved.fire({ place, by });
  }
}
