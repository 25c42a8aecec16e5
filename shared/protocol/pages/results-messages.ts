import type { ResultDocument } from "../../plugin/result-document.ts";

export type ToResults =
  | { type: "document"; document: ResultDocument }
  /** A run in progress: which experiment, how far, and how long it still takes. */
  | { type: "waiting"; what: string }
  | { type: "failed"; message: string };

export type FromResults =
  | { type: "ready" }
  | { type: "open-spec" }
  /** Opens a prompt of the evidence in its file. */
  | { type: "open-prompt"; id: string }
  | { type: "save"; name: string; content: Uint8Array<ArrayBuffer> };
