import type * as vscode from "vscode";
import type { Comparison } from "../../shared/protocol/pages/compare-messages.ts";

/** Comparisons as they began, by the title of their panel. */
const KEPT_KEY = "refract.comparisons";

/** What a reload finds of a comparison: what its page has saved, or, where the page had not come that far, how it began. */
export class KeptComparisons {
  readonly #state: vscode.Memento;

  constructor(state: vscode.Memento) {
    this.#state = state;
  }

  async keep(title: string, comparison: Comparison): Promise<void> {
    await this.#state.update(KEPT_KEY, { ...this.#all(), [title]: comparison });
  }

  async forget(title: string): Promise<void> {
    const { [title]: _forgotten, ...others } = this.#all();
    await this.#state.update(KEPT_KEY, others);
  }

  /** `null` where nothing was kept, or by a version that kept other things. */
  async find(title: string, saved: unknown): Promise<Comparison | null> {
    const { comparisonSchema } = await import("../../shared/protocol/pages/compare-messages.ts");
    return comparisonSchema.safeParse(saved ?? this.#all()[title]).data ?? null;
  }

  #all(): Record<string, unknown> {
    return this.#state.get<Record<string, unknown>>(KEPT_KEY, {});
  }
}
