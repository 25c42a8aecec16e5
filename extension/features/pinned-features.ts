import * as vscode from "vscode";
import type { FeatureReference } from "../../shared/protocol/feature-messages.ts";
import { Disposable } from "../disposable.ts";
import { togglePinned } from "./toggle-pinned.ts";

const KEY = "refract.pinnedFeatures";

/** The features that the user has pinned, by model; kept with the workspace. */
export class PinnedFeatures extends Disposable {
  readonly #state: vscode.Memento;
  readonly #changed = this.register(new vscode.EventEmitter<void>());

  readonly onDidChange = this.#changed.event;

  constructor(context: vscode.ExtensionContext) {
    super();
    this.#state = context.workspaceState;
  }

  /** Of a model, by its path; by layer and number. */
  of(model: string): FeatureReference[] {
    return this.#all()[model] ?? [];
  }

  async toggle(model: string, feature: FeatureReference): Promise<void> {
    await this.#state.update(KEY, { ...this.#all(), [model]: togglePinned(this.of(model), feature) });
    this.#changed.fire();
  }

  #all(): Record<string, FeatureReference[]> {
    return this.#state.get<Record<string, FeatureReference[]>>(KEY, {});
  }
}
