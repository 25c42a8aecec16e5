import { html, nothing, render, type TemplateResult } from "lit";
import type { FromHeatmap, HeatmapPicture, ToHeatmap } from "../../shared/protocol/pages/heatmap-messages.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { registerControls } from "../ui/controls.ts";
import { connectHost } from "../ui/host-bridge.ts";
import { onThemeChange, readTheme } from "../ui/theme.ts";
import { visibleText } from "../ui/visible-text.ts";
import { cellDetails } from "./details-panel.ts";
import { pictureAsCsv, pictureAsSvg } from "./export-picture.ts";
import { type FeatureActions, featureCard } from "./feature-card.ts";
import { featureSearch, pinnedFeatures } from "./feature-search.ts";
import { GridCanvas } from "./grid-canvas.ts";
import { layerOfRow, rowCount, rowName } from "./rows.ts";
import { restoreHeatmap, type SavedHeatmap, saveHeatmap } from "./saved-heatmap.ts";
import type { ScaleMode } from "./scale-picture.ts";
import {
  follow,
  type HeatmapState,
  moveCursor,
  openFeature,
  receive,
  search,
  setScaleMode,
  togglePin,
  valueAt,
} from "./state.ts";
import { tableView } from "./table-view.ts";
import { untrusted } from "./untrusted.ts";

/** How long the cursor rests before the page asks for a cell's details, and before the state is saved. */
const REST_MS = 150;

registerControls();
const host = connectHost<ToHeatmap, FromHeatmap, SavedHeatmap>();
const root = document.querySelector("main") as HTMLElement;
let state = restoreHeatmap(host.saved());
let theme = readTheme();
let resting: ReturnType<typeof setTimeout> | undefined;
let typing: ReturnType<typeof setTimeout> | undefined;

const canvas = new GridCanvas({
  onCell: (cell) => moveTo(cell.row, cell.token),
  onPaint: () => state,
  theme: () => theme,
});

function update(next: HeatmapState): void {
  state = next;
  render(page(state), root);
  const holder = root.querySelector(".grid");
  if (holder) canvas.attach(holder as HTMLElement);
  canvas.show(state);
  clearTimeout(resting);
  resting = setTimeout(settle, REST_MS);
}

/** After a moment of rest: saves what a reload must find, and asks for the details of the cell and the feature that have none. */
function settle(): void {
  const saved = saveHeatmap(state);
  if (saved) host.save(saved);
  const { cursor, picture, details, feature } = state;
  if (!picture || state.saved || state.stale) return;
  if (cursor && !details) host.post({ type: "details", layer: layerOfRow(picture, cursor.row), token: cursor.token });
  if (feature && !feature.description) {
    host.post({ type: "describe-feature", layer: feature.layer, feature: feature.feature });
  }
}

const featureActions: FeatureActions = {
  link: (feature) =>
    html`<button class="link" title="Everything about this feature" @click=${() => update(openFeature(state, feature))}>#${feature.feature} ${feature.label}</button>`,
  close: () => update(openFeature(state, null)),
  pin: ({ layer, feature }) => host.post({ type: "pin-feature", layer, feature }),
  label: ({ layer, feature }) => host.post({ type: "label-feature", layer, feature }),
  show: ({ layer, feature }) => host.post({ type: "show-feature", layer, feature }),
  follow: ({ layer, feature }) => {
    update(follow(state));
    host.post({ type: "follow-feature", layer, feature });
  },
  findFiring: ({ layer, feature }) => host.post({ type: "find-firing", layer, feature }),
  stopFiring: () => host.post({ type: "stop-firing" }),
  openPrompt: (prompt) => host.post({ type: "open-prompt", prompt }),
};

/** Looks for features once typing rests. */
function lookFor(query: string): void {
  update(search(state, query));
  clearTimeout(typing);
  if (query.trim() !== "") typing = setTimeout(() => host.post({ type: "search", query }), REST_MS);
}

/** Moves the shared cursor and tells the editor. */
function moveTo(row: number, token: number): void {
  update(moveCursor(state, row, token));
  const { cursor, picture } = state;
  if (cursor && picture) {
    canvas.reveal(cursor);
    host.post({ type: "cursor", layer: layerOfRow(picture, cursor.row), token: cursor.token });
  }
}

/** Moves the shared cursor by a layer: among features to another picture, which the host sends. */
function moveLayer(step: number): void {
  const { cursor, picture } = state;
  if (!cursor || !picture) return;
  const layer = layerOfRow(picture, cursor.row) + step;
  if (picture.rows === null) moveTo(layer, cursor.token);
  else if (layer >= 0 && layer < picture.layers) host.post({ type: "cursor", layer, token: cursor.token });
}

function onKey(event: KeyboardEvent): void {
  const { cursor, picture } = state;
  if (event.key === "Escape") host.post({ type: "focus-editor" });
  if (!cursor || !picture || event.ctrlKey || event.metaKey || event.altKey) return;
  const moves: Record<string, [row: number, token: number]> = {
    ArrowLeft: [cursor.row, cursor.token - 1],
    ArrowRight: [cursor.row, cursor.token + 1],
    ArrowUp: [cursor.row + 1, cursor.token],
    ArrowDown: [cursor.row - 1, cursor.token],
    Home: [cursor.row, 0],
    End: [cursor.row, picture.tokens.length - 1],
  };
  const move = moves[event.key];
  if (move) moveTo(...move);
  else if (event.key === "]") moveLayer(1);
  else if (event.key === "[") moveLayer(-1);
  else if (event.key === "Enter") update(togglePin(state));
  else if (event.key === "+" || event.key === "=") canvas.zoomBy(1.25);
  else if (event.key === "-") canvas.zoomBy(0.8);
  else if (event.key === "0") canvas.fit();
  else return;
  event.preventDefault();
}

function page(current: HeatmapState): TemplateResult {
  return html`${toolbar(current)} ${notices(current)} ${content(current)}
    <div class="visually-hidden" aria-live="polite">${announcement(current)}</div>`;
}

function content(current: HeatmapState): TemplateResult {
  const { picture, scaled } = current;
  if (!picture || !scaled) {
    return html`<p class="empty">
      ${current.waiting || "The heatmap shows what the model reads at every token and layer. Put the cursor in a prompt and run Refract: Inspect."}
    </p>`;
  }
  const dimmed = current.stale || current.saved || current.waiting !== "";
  return html`<div class="body">
      ${
        current.table
          ? tableView(picture, current.cursor, (token) => moveTo(current.cursor?.row ?? 0, token))
          : rowCount(picture) === 0
            ? html`<p class="empty">${noFeature(picture)}</p>`
            : html`<div
            class=${dimmed ? "grid dimmed" : "grid"}
            tabindex="0"
            role="application"
            aria-roledescription="heatmap"
            aria-label="${picture.reading.label} of ${picture.tokens.length} tokens, ${rowCount(picture)} rows. Arrow keys move, brackets change the layer, Enter pins."
            @keydown=${onKey}
          ></div>`
      }
      <aside class="details">
        ${featureSearch(current, lookFor, featureActions)} ${featureCard(current, featureActions)}
        ${cellDetails(current, () => update(togglePin(state)), featureActions)}
        ${pinnedFeatures(current, (as) => host.post({ type: "use-pinned", as }), featureActions)}
      </aside>
    </div>
    <p class="legend quiet"><span class=${scaled.fromZero ? "ramp from-zero" : "ramp"} aria-hidden="true"></span>${scaled.legend}</p>`;
}

function notices(current: HeatmapState): TemplateResult {
  const idle = current.waiting === "";
  return html`
    ${current.failure ? notice("failure", current.failure) : nothing}
    ${current.saved && idle ? notice("quiet", "Saved picture of an earlier session.") : nothing}
    ${current.stale && idle ? notice("quiet", "The text has changed since this was read.") : nothing}
    ${current.picture && !idle ? html`<p class="notice quiet">${current.waiting}</p>` : nothing}
    ${untrusted(current).map((warning) => html`<p class="notice warning">${warning}</p>`)}
    ${(current.picture?.warnings ?? []).map((warning) => html`<p class="notice warning">${warning}</p>`)}
  `;
}

/** What is not as it should be, with the button that mends it. */
function notice(kind: "failure" | "quiet", text: string): TemplateResult {
  return html`<p class="notice ${kind}" role=${kind === "failure" ? "alert" : "status"}>
    ${text}
    <vscode-button appearance="secondary" @click=${() => host.post({ type: "inspect" })}>Inspect</vscode-button>
  </p>`;
}

function toolbar(current: HeatmapState): TemplateResult | typeof nothing {
  const { picture, choices } = current;
  if (!picture) return nothing;
  return html`<div class="toolbar" role="toolbar" aria-label="Heatmap">
    ${choices ? readingChoices(current) : nothing} ${choices && choices.suite.length > 0 ? rowChoice(picture) : nothing}
    <label
      >Scale
      <vscode-dropdown .value=${current.scaleMode} @change=${(event: Event) => update(setScaleMode(state, chosen(event) as ScaleMode))}>
        <vscode-option value="row">per row</vscode-option>
        <vscode-option value="picture">whole picture</vscode-option>
      </vscode-dropdown></label
    >
    <span>${picture.title}</span>
    ${picture.refusal === null ? nothing : html`<span>refusal ${formatFigure(picture.refusal)}</span>`}
    <span class="quiet">${picture.tokens.length} tokens, ${formatFigure(picture.milliseconds)} ms, ${picture.model}</span>
    <span class="spacer"></span>
    ${current.origin === null ? nothing : lockButton(current)}
    <vscode-button appearance="secondary" @click=${() => update({ ...state, table: !state.table })}>${current.table ? "Picture" : "Table"}</vscode-button>
    <vscode-button appearance="secondary" @click=${savePng}>PNG</vscode-button>
    <vscode-button appearance="secondary" @click=${saveSvg}>SVG</vscode-button>
    <vscode-button appearance="secondary" @click=${saveCsv}>CSV</vscode-button>
  </div>`;
}

/** A locked heatmap stays while the editor goes to other prompts; `Show Heatmap` then opens another beside it. */
function lockButton({ locked }: HeatmapState): TemplateResult {
  const title = locked ? "Go along with the editor again" : "Keep this prompt while the editor goes on to others";
  return html`<vscode-button
    appearance="secondary"
    title=${title}
    aria-pressed=${locked}
    @click=${() => host.post({ type: "lock", locked: !locked })}
    >${locked ? "Unlock" : "Lock"}</vscode-button
  >`;
}

function readingChoices(current: HeatmapState): TemplateResult {
  const { picture, choices } = current;
  const choose = (reading: string, site: string) =>
    host.post({ type: "choose", reading, site: choices?.sites.find((known) => known === site) ?? "resid_post" });
  return html`<label
      >Reading
      <vscode-dropdown .value=${picture?.reading.id} @change=${(event: Event) => choose(chosen(event), picture?.site ?? "")}>
        ${choices?.readings.map((reading) => html`<vscode-option value=${reading.id} title=${reading.describe}>${reading.label}</vscode-option>`)}
      </vscode-dropdown></label
    >
    <label
      >Site
      <vscode-dropdown .value=${picture?.site} @change=${(event: Event) => choose(picture?.reading.id ?? "", chosen(event))}>
        ${choices?.sites.map((site) => html`<vscode-option value=${site}>${site}</vscode-option>`)}
      </vscode-dropdown></label
    >`;
}

function noFeature({ rows }: HeatmapPicture): string {
  return rows?.pinned
    ? `No feature of layer ${rows.layer} is pinned: find one and pin it, or choose another layer.`
    : `No feature of layer ${rows?.layer} fires in this prompt.`;
}

/** Whether the rows are layers, or features of the cursor's layer. */
function rowChoice(picture: HeatmapPicture): TemplateResult {
  const choose = (rows: string) =>
    host.post({ type: "rows", rows: rows === "features" || rows === "pinned" ? rows : "layers" });
  return html`<label
    >Rows
    <vscode-dropdown class="rows" .value=${picture.rows === null ? "layers" : picture.rows.pinned ? "pinned" : "features"} @change=${(event: Event) => choose(chosen(event))}>
      <vscode-option value="layers">layers</vscode-option>
      <vscode-option value="features">strongest features</vscode-option>
      <vscode-option value="pinned">pinned features</vscode-option>
    </vscode-dropdown></label
  >`;
}

function chosen(event: Event): string {
  return (event.target as HTMLElement & { value: string }).value;
}

function announcement(current: HeatmapState): string {
  const { picture, cursor } = current;
  if (!picture || !cursor) return current.waiting || current.failure;
  const text = visibleText(picture.tokens[cursor.token]?.text ?? "");
  return `${rowName(picture, cursor.row)}, token ${cursor.token} ${text}: ${formatFigure(valueAt(picture, cursor))} ${picture.reading.unit}`;
}

async function savePng(): Promise<void> {
  const png = await canvas.toPng();
  host.post({ type: "save", name: "heatmap.png", content: png });
}

function saveSvg(): void {
  if (!state.picture || !state.scaled) return;
  save("heatmap.svg", pictureAsSvg(state.picture, state.scaled.buckets, state.scaled.legend, theme));
}

function saveCsv(): void {
  if (state.picture) save("heatmap.csv", pictureAsCsv(state.picture));
}

function save(name: string, text: string): void {
  host.post({ type: "save", name, content: new TextEncoder().encode(text) });
}

host.onMessage((message) => {
  update(receive(state, message));
  if (message.type === "cursor" && state.cursor) canvas.reveal(state.cursor);
});
onThemeChange(() => {
  theme = readTheme();
  canvas.show(state);
});
update(state);
host.post({ type: "ready" });
