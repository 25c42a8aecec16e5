/** How far a model's loading is. It happens at the first calls and not when a model is opened, since only a call says which sessions it needs. */
export interface LoadProgress {
  stage: "checking the cut model" | "loading weights";
  /** Blocks (the head is one) that are done, over those that are to be done in this stage; 0 to 1. */
  fraction: number;
}

export type LoadListener = (progress: LoadProgress) => void;
