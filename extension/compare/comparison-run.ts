import type { CompareCondition, CompareEvent, OfferedCondition } from "../../shared/protocol/compare-stream.ts";
import type { CompareColumn } from "../../shared/protocol/pages/compare-messages.ts";

/** The column of a condition before anything of it has arrived, its slider where the file has it. */
export function columnOf({ name, file, describe, slider, edits }: OfferedCondition): CompareColumn {
  return begun({
    condition: name,
    file,
    describe,
    byFeature: edits.some(({ dictionary }) => dictionary !== undefined),
    slider: slider === null ? null : { ...slider, written: slider.value },
    tokens: [],
    before: "",
  });
}

type Chosen = Pick<CompareColumn, "condition" | "file" | "describe" | "byFeature" | "slider" | "tokens" | "before">;

/** A column as it is when its condition begins to run (again): what it said before stays until something new is there. */
export function begun({ condition, file, describe, byFeature, slider, tokens, before }: Chosen): CompareColumn {
  return {
    ...{ condition, file, describe, byFeature, slider },
    tokens: [],
    before: tokens.length > 0 ? tokens.map(({ text }) => text).join("") : before,
    state: "waiting",
    failure: "",
    unconfirmed: [],
    refusal: null,
    klToBaseline: [],
    tokensPerSecond: null,
    effect: null,
    warnings: [],
  };
}

/** The condition that a column stands for, as calls name it. */
export function wireCondition({ condition, file, slider }: CompareColumn): CompareCondition {
  const stays = slider === null || slider.value === slider.written;
  return { name: condition, file, slider: stays ? null : { kind: slider.kind, value: slider.value } };
}

/** What a column becomes after an event of its stream. */
export function afterEvent(column: CompareColumn, event: CompareEvent): CompareColumn {
  switch (event.type) {
    case "refused":
      return { ...column, state: "failed", failure: event.message, unconfirmed: event.unconfirmed };
    case "tokens":
      return { ...column, before: "", state: "streaming", tokens: [...column.tokens, ...event.tokens] };
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

/** Columns that must run (again): those that have changed, and those that were not finished and wait for nobody's word. */
export function columnsToRun(columns: readonly CompareColumn[], changed: readonly number[]): number[] {
  const unfinished = ({ state, unconfirmed }: CompareColumn) => state !== "done" && unconfirmed.length === 0;
  return columns.flatMap((column, at) => (unfinished(column) || changed.includes(at) ? [at] : []));
}
