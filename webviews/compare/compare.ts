import { html, nothing, render, type TemplateResult } from "lit";
import type { Comparison, FromCompare, ToCompare } from "../../shared/protocol/pages/compare-messages.ts";
import { stoppedByReload } from "../../shared/protocol/pages/stopped-by-reload.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { registerControls } from "../ui/controls.ts";
import { connectHost } from "../ui/host-bridge.ts";
import { type ColumnActions, columnView } from "./column-view.ts";
import { type CompareState, EMPTY_STATE, isRunning, receive, setSlider } from "./state.ts";

/** A drag stops being a drag after this rest; only then the value is sent, so that a drag isn't forty runs. */
const REST_MS = 120;
/** While tokens come the page is kept this often: a long reply is written down as a whole each time. */
const KEEP_MS = 100;

registerControls();
const host = connectHost<ToCompare, FromCompare, Comparison>();
const root = document.querySelector("main") as HTMLElement;
const saved = host.saved();
let state: CompareState = saved
  ? receive(EMPTY_STATE, { type: "comparison", comparison: stoppedByReload(saved), saved: true })
  : EMPTY_STATE;
let frame = 0;
let keeping: ReturnType<typeof setTimeout> | undefined;
const resting = new Map<number, ReturnType<typeof setTimeout>>();

const actions: ColumnActions = {
  editAnyway: (column) => host.post({ type: "edit-anyway", column }),
  pin: (column) => host.post({ type: "pin", column }),
  remove: (column) => host.post({ type: "remove", column }),
  copy: (column) => host.post({ type: "copy", column }),
  diff: (column) => host.post({ type: "diff", left: state.comparison?.baseline ?? 0, right: column }),
  slide: (column, value) => {
    update(setSlider(state, column, value));
    clearTimeout(resting.get(column));
    resting.set(
      column,
      setTimeout(() => host.post({ type: "slider", column, value }), REST_MS),
    );
  },
};

/** Tokens of many columns come faster than frames: the page is drawn at most once a frame. */
function update(next: CompareState): void {
  state = next;
  if (frame !== 0) return;
  frame = requestAnimationFrame(() => {
    frame = 0;
    render(page(state), root);
  });
}

/** Writes down what a reload must find. Not with the drawing: a page behind another tab draws no frame. */
function keep(): void {
  clearTimeout(keeping);
  keeping = undefined;
  if (state.comparison) host.save(state.comparison);
}

function page(current: CompareState): TemplateResult {
  const { comparison } = current;
  if (!comparison) {
    return html`${failure(current)}
      <p class="empty">
        Compare puts replies to one prompt side by side, each under a condition of its own. Put the cursor in a prompt and run Refract: Compare.
      </p>`;
  }
  return html`${toolbar(comparison)} ${failure(current)}
    ${current.saved ? html`<p class="notice quiet">Saved comparison of an earlier session. Run it again to stream new replies.</p>` : nothing}
    <p class="prompt">${comparison.prompt}</p>
    <div class="columns">${comparison.columns.map((_, index) => columnView(comparison, index, current.pending[index], actions))}</div>`;
}

function failure(current: CompareState): TemplateResult | typeof nothing {
  return current.failure ? html`<p class="notice failure" role="alert">${current.failure}</p>` : nothing;
}

function toolbar(comparison: Comparison): TemplateResult {
  const running = isRunning(comparison);
  const speeds = comparison.columns.flatMap((column) => column.tokensPerSecond ?? []);
  const speed = speeds.length > 0 ? `, ${formatFigure(speeds.reduce((sum, each) => sum + each, 0))} tok/s` : "";
  return html`<div class="toolbar" role="toolbar" aria-label="Compare">
    <span>${comparison.title}</span>
    <span class="quiet">${comparison.columns.length} conditions, one batch${speed}, ${comparison.model}</span>
    <span class="spacer"></span>
    <vscode-button appearance="secondary" @click=${() => host.post({ type: "add-condition" })}>Add condition</vscode-button>
    ${
      running
        ? html`<vscode-button @click=${() => host.post({ type: "stop" })}>Stop</vscode-button>`
        : html`<vscode-button @click=${() => host.post({ type: "rerun" })}>Run again</vscode-button>`
    }
    <vscode-button appearance="secondary" @click=${() => host.post({ type: "export", format: "markdown" })}>Markdown</vscode-button>
    <vscode-button appearance="secondary" @click=${() => host.post({ type: "export", format: "json" })}>JSON</vscode-button>
    <vscode-button appearance="secondary" @click=${() => host.post({ type: "save-as-experiment" })}>Save as experiment</vscode-button>
  </div>`;
}

host.onMessage((message) => {
  update(receive(state, message));
  if (message.type !== "token") keep();
  else keeping ??= setTimeout(keep, KEEP_MS);
});
update(state);
keep();
host.post({ type: "ready" });
