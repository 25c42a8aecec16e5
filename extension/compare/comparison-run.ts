import type { CompareCondition, CompareEvent, OfferedCondition } from "../../shared/protocol/compare-stream.ts";
import type { CompareColumn } from "../../shared/protocol/pages/compare-messages.ts";

/** Strengths that a slider offers. */
const STRENGTHS = { least: 0, most: 3 };

/** A condition that was chosen, at a strength. */
export interface ChosenCondition {
  offered: OfferedCondition;
  strength: number;
}

/** A column before anything of it has arrived. */
export function emptyColumn({ offered, strength }: ChosenCondition): CompareColumn {
  return {
    condition: offered.name,
    describe: offered.describe,
    strength: offered.hasStrength ? { value: strength, ...STRENGTHS } : null,
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

export function wireCondition({ offered, strength }: ChosenCondition): CompareCondition {
  return { name: offered.name, file: offered.file, strength };
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

/** Columns that must run (again): those whose strength has changed and those that were not finished. */
export function columnsToRun(columns: readonly CompareColumn[], changed: readonly number[]): number[] {
  return columns.flatMap((column, at) => (column.state !== "done" || changed.includes(at) ? [at] : []));
}
