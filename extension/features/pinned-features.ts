import * as vscode from "vscode";
import type { FeatureReference } from "../../shared/protocol/feature-messages.ts";
import { Disposable } from "../disposable.ts";
import { togglePinned } from "./toggle-pinned.ts";

const KEY = "refract.pinnedFeatures";

/** A model by its path, and the folder of its dictionaries where that is not the one beside it: numbers mean nothing elsewhere. */
export interface PinnedPlace {
  model: string;
  dictionaries: string | null;
}

/** The features that the user has pinned, by model and dictionaries; kept with the workspace. */
export class PinnedFeatures extends Disposable {
  readonly #state: vscode.Memento;
  readonly #changed = this.register(new vscode.EventEmitter<void>());

  readonly onDidChange = this.#changed.event;

  constructor(context: vscode.ExtensionContext) {
    super();
    this.#state = context.workspaceState;
  }

  /** By layer and number. */
  of(place: PinnedPlace): FeatureReference[] {
    return this.#all()[keyOf(place)] ?? [];
  }

  async toggle(place: PinnedPlace, feature: FeatureReference): Promise<void> {
    await this.#state.update(KEY, { ...this.#all(), [keyOf(place)]: togglePinned(this.of(place), feature) });
    this.#changed.fire();
  }

  #all(): Record<string, FeatureReference[]> {
    return this.#state.get<Record<string, FeatureReference[]>>(KEY, {});
  }
}

function keyOf({ model, dictionaries }: PinnedPlace): string {
  return dictionaries === null ? model : `${model}\n${dictionaries}`;
}
