import { html, nothing, type TemplateResult } from "lit";
import type { HeatmapPicture } from "../../shared/protocol/pages/heatmap-messages.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { sparkline } from "../ui/sparkline.ts";
import { visibleText } from "../ui/visible-text.ts";
import type { FeatureActions } from "./feature-card.ts";
import { featureOfRow, layerOfRow, rowLabel } from "./rows.ts";
import { type Cell, type HeatmapState, valueAt } from "./state.ts";

/** The cursor's cell: its token's profile over layers, what the model reads there, and the pins. */
export function cellDetails(state: HeatmapState, onPin: () => void, actions: FeatureActions): TemplateResult {
  const { picture, cursor } = state;
  if (!picture || !cursor) return html``;
  const token = picture.tokens[cursor.token];
  const profile = Array.from({ length: picture.layers }, (_, row) => valueAt(picture, { row, token: cursor.token }));
  const feature = featureOfRow(picture, cursor.row);
  const pinned = state.pins.some((pin) => pin.row === cursor.row && pin.token === cursor.token);
  return html`<section aria-label="Selected cell">
    <h2><span class="token">${visibleText(token?.text ?? "")}</span></h2>
    <p class="quiet">${picture.site}.${layerOfRow(picture, cursor.row)}, position ${cursor.token}, id ${token?.id}, ${token?.role}${token?.special ? ", special" : ""}</p>
    <dl>
      <dt>${feature ? actions.link({ ...feature }) : picture.reading.label}</dt>
      <dd>${formatFigure(valueAt(picture, cursor))} ${picture.reading.unit} ${standardScore(picture, cursor)}</dd>
    </dl>
    ${
      feature
        ? nothing
        : html`<p class="quiet">Over layers 0 to ${picture.layers - 1}</p>
          ${sparkline(profile, cursor.row)}`
    }
    ${nextTokens(state)} ${features(state, actions)}
    <vscode-button appearance="secondary" @click=${onPin}>${pinned ? "Unpin cell" : "Pin cell"}</vscode-button>
    ${pins(state, picture)}
  </section>`;
}

/** How many standard deviations of its row's other tokens (the first left out) the cell lies from their mean; features are no bell curve. */
function standardScore(picture: HeatmapPicture, cell: Cell): string {
  if (picture.rows !== null) return "";
  const tokens = picture.tokens.length;
  const others: number[] = [];
  for (let token = 1; token < tokens; token++) {
    const value = valueAt(picture, { row: cell.row, token });
    if (Number.isFinite(value)) others.push(value);
  }
  if (others.length < 3) return "";
  const mean = others.reduce((sum, value) => sum + value, 0) / others.length;
  const deviation = Math.sqrt(others.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (others.length - 1));
  const score = (valueAt(picture, cell) - mean) / deviation;
  return Number.isFinite(score) ? `(z ${formatFigure(score)}, n ${others.length})` : "";
}

function nextTokens(state: HeatmapState): TemplateResult | typeof nothing {
  if (!state.details || state.details.nextTokens.length === 0) return nothing;
  return html`<p class="quiet">Next tokens, as this layer reads them</p>
    <ol class="readout">
      ${state.details.nextTokens.map((next) => html`<li><span class="token">${visibleText(next.text)}</span> <span>${formatFigure(next.probability)}</span></li>`)}
    </ol>`;
}

function features(state: HeatmapState, actions: FeatureActions): TemplateResult | typeof nothing {
  if (!state.details) return nothing;
  if (state.details.note !== "") return html`<p class="quiet">No features: ${state.details.note}</p>`;
  if (state.details.features.length === 0) return nothing;
  return html`<p class="quiet">Top features here</p>
    <ol class="readout">
      ${state.details.features.map((feature) => html`<li>${actions.link(feature)} <span>${formatFigure(feature.activation)}</span></li>`)}
    </ol>`;
}

function pins(state: HeatmapState, picture: HeatmapPicture): TemplateResult | typeof nothing {
  const [first, second] = state.pins;
  if (!first) return nothing;
  const name = (cell: Cell) =>
    html`${rowLabel(picture, cell.row)} <span class="token">${visibleText(picture.tokens[cell.token]?.text ?? "")}</span>`;
  return html`<p class="quiet">Pinned</p>
    <ul class="readout">
      ${state.pins.map((pin) => html`<li><span>${name(pin)}</span> <span>${formatFigure(valueAt(picture, pin))}</span></li>`)}
      ${second ? html`<li><span>Difference</span> <span>${formatFigure(valueAt(picture, second) - valueAt(picture, first))}</span></li>` : nothing}
    </ul>`;
}
