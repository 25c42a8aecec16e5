/**
 * All that a page knows of the world outside it. In VS Code the extension stands behind it; in a test or an exported report, a shim.
 * Typed arrays cross as they are.
 */
export interface HostBridge<ToPage, FromPage, State> {
  post(message: FromPage): void;
  /** Called for every message, in order; a page posts `ready` once it listens, and is told everything that it needs to draw. */
  listen(listener: (message: ToPage) => void): void;
  /** View state alone (zoom, scroll, what is unfolded): what the page shows is kept by the host, which saves it as soon as it is shown. */
  readState(): State | null;
  saveState(state: State): void;
}
