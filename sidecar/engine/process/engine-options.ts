/** How a model is opened. */
export interface EngineOptions {
  /** The model's folder or .onnx file. */
  path: string;
  /** `auto` or a provider's name. */
  provider: string;
  /** Threads of one operator; `null` leaves it to the runtime. */
  threads: number | null;
  /** How many blocks; `null` leaves it to the count of layers. */
  blocks: number | null;
  /** Where it is remembered which models passed the no-op check; `null` checks nothing. */
  checkedFolder: string | null;
  /** Bytes that the encoders of dictionaries may hold together; the default where absent. */
  dictionaryBudget?: number | null;
}
