import type { CompareColumn, Comparison, ToCompare } from "../../shared/protocol/pages/compare-messages.ts";

export interface CompareState {
  comparison: Comparison | null;
  saved: boolean;
  failure: string;
  /** Slider values that the user has set and the host hasn't answered yet, by column. */
  pending: Record<number, number>;
}

export const EMPTY_STATE: CompareState = { comparison: null, saved: false, failure: "", pending: {} };

/** What the page becomes after a message of the host. */
export function receive(state: CompareState, message: ToCompare): CompareState {
  switch (message.type) {
    case "comparison":
      return { comparison: message.comparison, saved: message.saved, failure: "", pending: {} };
    case "failed":
      return { ...state, failure: message.message };
    case "token":
      return changeColumn(state, message.column, (column) => ({
        ...column,
        before: "",
        state: "streaming",
        tokens: [...column.tokens, { id: message.id, text: message.text }],
      }));
    case "column": {
      const { [message.column]: _answered, ...pending } = state.pending;
      return { ...changeColumn(state, message.column, () => message.value), pending };
    }
  }
}

function changeColumn(
  state: CompareState,
  index: number,
  change: (column: CompareColumn) => CompareColumn,
): CompareState {
  const { comparison } = state;
  if (!comparison) return state;
  const columns = comparison.columns.map((column, at) => (at === index ? change(column) : column));
  return { ...state, comparison: { ...comparison, columns } };
}

export function setSlider(state: CompareState, column: number, value: number): CompareState {
  return { ...state, pending: { ...state.pending, [column]: value } };
}

export function isRunning(comparison: Comparison): boolean {
  return comparison.columns.some((column) => column.state === "waiting" || column.state === "streaming");
}
