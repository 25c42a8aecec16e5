import type { ExperimentSummary } from "./result-document.ts";
import type { ViewBlock } from "./view-block.ts";

/** Adds pictures to the result page of an experiment kind, as data for the built-in blocks. */
export interface ResultView {
  id: string;
  /** The kind it belongs to. */
  kind: string;
  label: string;
  blocks(summary: ExperimentSummary): ViewBlock[] | Promise<ViewBlock[]>;
}
