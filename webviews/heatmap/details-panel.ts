import { html, nothing, type TemplateResult } from "lit";
import type { HeatmapPicture } from "../../shared/protocol/pages/heatmap-messages.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { sparkline } from "../ui/sparkline.ts";
import { visibleText } from "../ui/visible-text.ts";
import { type Cell, type HeatmapState, valueAt } from "./state.ts";

/** What stands beside the grid: the cursor's cell, its token's profile over layers, what the model reads there, and the pins. */
export function detailsPanel(state: HeatmapState, onPin: () => void): TemplateResult {
  const { picture, cursor } = state;
  if (!picture || !cursor) return html``;
  const token = picture.tokens[cursor.token];
  const profile = Array.from({ length: picture.layers }, (_, layer) =>
    valueAt(picture, { layer, token: cursor.token }),
  );
  const pinned = state.pins.some((pin) => pin.layer === cursor.layer && pin.token === cursor.token);
  return html`<aside class="details" aria-label="Selected cell">
    <h2><span class="token">${visibleText(token?.text ?? "")}</span></h2>
    <p class="quiet">${picture.site}.${cursor.layer}, position ${cursor.token}, id ${token?.id}, ${token?.role}${token?.special ? ", special" : ""}</p>
    <dl>
      <dt>${picture.reading.label}</dt>
      <dd>${formatFigure(valueAt(picture, cursor))} ${picture.reading.unit} ${standardScore(picture, cursor)}</dd>
    </dl>
    <p class="quiet">Over layers 0 to ${picture.layers - 1}</p>
    ${sparkline(profile, cursor.layer)}
    ${nextTokens(state)} ${features(state)}
    <vscode-button appearance="secondary" @click=${onPin}>${pinned ? "Unpin" : "Pin"}</vscode-button>
    ${pins(state, picture)}
  </aside>`;
}

/** How many standard deviations of its layer's other tokens (the first left out) the cell lies from their mean. */
function standardScore(picture: HeatmapPicture, cell: Cell): string {
  const tokens = picture.tokens.length;
  const others: number[] = [];
  for (let token = 1; token < tokens; token++) {
    const value = valueAt(picture, { layer: cell.layer, token });
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

function features(state: HeatmapState): TemplateResult | typeof nothing {
  if (!state.details || state.details.features.length === 0) return nothing;
  return html`<p class="quiet">Top features</p>
    <ol class="readout">
      ${state.details.features.map((feature) => html`<li><span>#${feature.feature} ${feature.label}</span> <span>${formatFigure(feature.activation)}</span></li>`)}
    </ol>`;
}

function pins(state: HeatmapState, picture: HeatmapPicture): TemplateResult | typeof nothing {
  const [first, second] = state.pins;
  if (!first) return nothing;
  const name = (cell: Cell) =>
    html`L${cell.layer} <span class="token">${visibleText(picture.tokens[cell.token]?.text ?? "")}</span>`;
  return html`<p class="quiet">Pinned</p>
    <ul class="readout">
      ${state.pins.map((pin) => html`<li><span>${name(pin)}</span> <span>${formatFigure(valueAt(picture, pin))}</span></li>`)}
      ${second ? html`<li><span>Difference</span> <span>${formatFigure(valueAt(picture, second) - valueAt(picture, first))}</span></li>` : nothing}
    </ul>`;
}
