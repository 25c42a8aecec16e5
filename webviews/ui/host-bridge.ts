/** What a page needs of whoever shows it: VS Code's webview host, or a test's shim. */
export interface HostBridge<ToPage, FromPage, Saved> {
  post(message: FromPage): void;
  onMessage(listener: (message: ToPage) => void): void;
  /** What the page saved before a reload; only navigation and view state belong here. */
  saved(): Saved | undefined;
  save(state: Saved): void;
}

/** What VS Code puts on a webview's global scope; a page outside VS Code has a shim of the same form. */
interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare global {
  function acquireVsCodeApi(): VsCodeApi;
}

/** Connects the page to its host. Called once per page: VS Code gives its API out once. */
export function connectHost<ToPage, FromPage, Saved>(): HostBridge<ToPage, FromPage, Saved> {
  const api = acquireVsCodeApi();
  return {
    post: (message) => api.postMessage(message),
    onMessage: (listener) => window.addEventListener("message", (event: MessageEvent<ToPage>) => listener(event.data)),
    saved: () => api.getState() as Saved | undefined,
    save: (state) => api.setState(state),
  };
}
