import type { CompareCondition, CompareEvent, OfferedCondition } from "../../shared/protocol/compare-stream.ts";
import type { CompareColumn } from "../../shared/protocol/pages/compare-messages.ts";

/** A condition that was chosen, and where its slider stands; `null` as its file writes it. */
export interface ChosenCondition {
  offered: OfferedCondition;
  slider: number | null;
}

/** A column before anything of it has arrived. */
export function emptyColumn({ offered, slider }: ChosenCondition): CompareColumn {
  return {
    condition: offered.name,
    describe: offered.describe,
    slider:
      offered.slider === null
        ? null
        : { ...offered.slider, value: slider ?? offered.slider.value, written: offered.slider.value },
    tokens: [],
    state: "waiting",
    failure: "",
    refusal: null,
    klToBaseline: [],
    tokensPerSecond: null,
    effect: null,
    warnings: [],
  };
}

export function wireCondition({ offered, slider: value }: ChosenCondition): CompareCondition {
  const { name, file, slider } = offered;
  const stays = slider === null || value === null || value === slider.value;
  return { name, file, slider: stays ? null : { kind: slider.kind, value } };
}

/** Whether a condition edits by a dictionary's features. */
export function editsByFeature({ offered }: ChosenCondition): boolean {
  return offered.edits.some(({ dictionary }) => dictionary !== undefined);
}

/** What a column becomes after an event of its stream. */
export function afterEvent(column: CompareColumn, event: CompareEvent): CompareColumn {
  switch (event.type) {
    case "tokens":
      return { ...column, state: "streaming", tokens: [...column.tokens, ...event.tokens] };
    case "refusal":
      return { ...column, refusal: event.probability };
    case "kl":
      return { ...column, klToBaseline: Array.from(event.values) };
    case "done": {
      const { tokensPerSecond, effect, warnings } = event;
      return { ...column, state: "done", tokensPerSecond, effect, warnings };
    }
  }
}

/** Columns that must run (again): those whose slider has moved and those that were not finished. */
export function columnsToRun(columns: readonly CompareColumn[], changed: readonly number[]): number[] {
  return columns.flatMap((column, at) => (column.state !== "done" || changed.includes(at) ? [at] : []));
}
