import { html, type TemplateResult } from "lit";
import type { HeatmapPicture } from "../../shared/protocol/pages/heatmap-messages.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { visibleText } from "../ui/visible-text.ts";
import { rowCount, rowLabel } from "./rows.ts";
import { type Cell, valueAt } from "./state.ts";

/** How many tokens a page of the table holds: a table of every cell of a long prompt would be too much for a screen reader and the page. */
const TOKENS_PER_PAGE = 50;

/** The picture as a table, a row per token: what a screen reader reads, and what anyone may prefer. */
export function tableView(
  picture: HeatmapPicture,
  cursor: Cell | null,
  onPage: (token: number) => void,
): TemplateResult {
  const first = Math.floor((cursor?.token ?? 0) / TOKENS_PER_PAGE) * TOKENS_PER_PAGE;
  const tokens = picture.tokens.slice(first, first + TOKENS_PER_PAGE);
  const rows = Array.from({ length: rowCount(picture) }, (_, row) => row);
  const last = first + tokens.length - 1;
  return html`<div class="table-view">
    <p>
      Tokens ${first} to ${last} of ${picture.tokens.length}
      <vscode-button appearance="secondary" ?disabled=${first === 0} @click=${() => onPage(first - TOKENS_PER_PAGE)}>Previous</vscode-button>
      <vscode-button appearance="secondary" ?disabled=${last >= picture.tokens.length - 1} @click=${() => onPage(last + 1)}>Next</vscode-button>
    </p>
    <table>
      <caption>
        ${picture.reading.label} at ${picture.site}, ${picture.reading.unit}
      </caption>
      <thead>
        <tr>
          <th scope="col">Token</th>
          ${rows.map((row) => html`<th scope="col">${rowLabel(picture, row)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${tokens.map(
          (token, index) => html`<tr aria-current=${first + index === cursor?.token ? "true" : "false"}>
            <th scope="row"><span class="quiet">${first + index}</span> <span class="token">${visibleText(token.text)}</span></th>
            ${rows.map((row) => html`<td>${formatFigure(valueAt(picture, { row, token: first + index }))}</td>`)}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
