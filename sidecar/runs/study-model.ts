import type { Engine } from "../../shared/engine/engine.ts";
import type { ModelTokenizer } from "../engine/tokens/open-tokenizer.ts";

/** An opened model, as a run needs it. */
export interface StudyModel {
  engine: Engine;
  tokenizer: Pick<ModelTokenizer, "ledger" | "ids" | "decode" | "piece" | "templateHash">;
  /** Folder or file it was opened from; `demo` for the one that ships. */
  path: string;
}
