import { html, type TemplateResult } from "lit";
import type { MatrixBlock, ShownFigure } from "../../shared/plugin/view-block.ts";
import { bucketOf, tintOf, UNDER_TEXT } from "../../shared/scale/diverging-scale.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { evidenceButton, type OpenEvidence } from "./evidence-button.ts";
import { figureText } from "./figure-text.ts";

/** A matrix as a table whose cells carry the common scale's tints: it can be read, copied and walked by a screen reader as it is. */
export function matrixBlock(block: MatrixBlock, open: OpenEvidence): TemplateResult {
  const limit = Math.max(Math.abs(block.scale.min), Math.abs(block.scale.max));
  return html`<table class="matrix">
      <thead>
        <tr>
          <td class="quiet">${block.rowLabel} \\ ${block.columnLabel}</td>
          ${block.columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${block.rows.map(
          (row, index) => html`<tr class=${row.control ? "control" : ""}>
            <th scope="row">${row.label}${row.control ? html` <span class="quiet">control</span>` : ""}</th>
            ${(block.cells[index] ?? []).map((figure) => cell(figure, limit, block.unit, open))}
          </tr>`,
        )}
      </tbody>
    </table>
    <p class="quiet">Tints from ${formatFigure(block.scale.min)} to ${formatFigure(block.scale.max)} ${block.unit}; below each value its interval and n.</p>`;
}

function cell(figure: ShownFigure, limit: number, unit: string, open: OpenEvidence): TemplateResult {
  const bucket = bucketOf(figure.value ?? Number.NaN, { limit, clipped: 0, n: 1 });
  const interval =
    figure.low != null && figure.high != null
      ? `${formatFigure(figure.low)} to ${formatFigure(figure.high)}`
      : (figure.why ?? "");
  const n = figure.n === undefined ? "" : `n ${figure.n}`;
  const content = html`<span class="value">${figure.value === null ? "\u2013" : formatFigure(figure.value)}</span
    ><span class="quiet interval">${[interval, n].filter(Boolean).join(", ")}</span>`;
  return html`<td
    class=${bucket === 0 ? "" : bucket < 0 ? "less" : "more"}
    style="background: ${tintOf(bucket, UNDER_TEXT)}"
    title=${figureText(figure, unit)}
  >
    ${evidenceButton(content, figure.evidence, open)}
  </td>`;
}
