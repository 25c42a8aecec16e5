import type { LaneEdits } from "../../shared/engine/slot-row.ts";
import type { Dictionary } from "../../shared/plugin/dictionary-format.ts";

/** A condition that is ready to run on any lane. */
export interface CompiledCondition {
  name: string;
  edits: LaneEdits;
  /** How messages call each edit, by index: its place in the file and what it does. */
  labels: string[];
  /** Where edits overlap so that their order would matter, and other things worth saying; not errors. */
  notes: string[];
  /** Those whose features it edits. */
  dictionaries: Dictionary[];
}
