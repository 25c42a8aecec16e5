import { html, type TemplateResult } from "lit";
import type { MatrixBlock, ShownFigure } from "../../shared/plugin/view-block.ts";
import { bucketOf, tintOf, UNDER_TEXT } from "../../shared/scale/diverging-scale.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { evidenceButton, type OpenEvidence } from "./evidence-button.ts";
import { figureText } from "./figure-text.ts";

/** A matrix as a table whose cells carry the common scale's tints: it can be read, copied and walked by a screen reader as it is. */
export function matrixBlock(block: MatrixBlock, open: OpenEvidence): TemplateResult {
  const limit = Math.max(Math.abs(block.scale.min), Math.abs(block.scale.max));
  const shared = sharedN(block);
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
            ${(block.cells[index] ?? []).map((figure) => cell(figure, limit, block.unit, shared === null, open))}
          </tr>`,
        )}
      </tbody>
    </table>
    <p class="quiet">${legend(block, shared)}</p>`;
}

/** The n of every cell that has one, where they are all alike and more than one: then it is said once. */
function sharedN(block: MatrixBlock): number | null {
  const all = block.cells.flat().flatMap(({ n }) => (n === undefined ? [] : [n]));
  const [first] = all;
  return first !== undefined && all.length > 1 && all.every((n) => n === first) ? first : null;
}

function legend(block: MatrixBlock, shared: number | null): string {
  const cells = block.cells.flat();
  const interval = cells.some(({ low }) => low != null);
  const n = shared === null && cells.some((cell) => cell.n !== undefined);
  const below = [interval ? "interval" : "", n ? "n" : ""].filter(Boolean).join(" and ");
  return [
    `Tints from ${formatFigure(block.scale.min)} to ${formatFigure(block.scale.max)} ${block.unit}`,
    below ? `below each value its ${below}` : "",
    shared === null ? "" : `n ${shared}`,
  ]
    .filter(Boolean)
    .join("; ")
    .concat(".");
}

function cell(figure: ShownFigure, limit: number, unit: string, showsN: boolean, open: OpenEvidence): TemplateResult {
  const bucket = bucketOf(figure.value ?? Number.NaN, { limit, clipped: 0, n: 1 });
  const interval =
    figure.low != null && figure.high != null
      ? `${formatFigure(figure.low)} to ${formatFigure(figure.high)}`
      : (figure.why ?? "");
  const n = figure.n === undefined || !showsN ? "" : `n ${figure.n}`;
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
