import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import type { ForestBlock } from "../../shared/plugin/view-block.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { evidenceButton, type OpenEvidence } from "./evidence-button.ts";
import { figureText } from "./figure-text.ts";
import { type LinearScale, linearScale } from "./linear-scale.ts";

const WIDTH = 320;
const ROW = 24;
/** Room for half a label beyond the outermost tick. */
const MARGIN = 20;

/** Effects with their intervals, one under another, against the line of no effect. */
export function forestBlock(block: ForestBlock, open: OpenEvidence): TemplateResult {
  const ends = block.rows
    .flatMap(({ figure }) => [figure.value, figure.low, figure.high])
    .filter((value) => value != null);
  const scale = linearScale(
    Math.min(block.reference, ...ends),
    Math.max(block.reference, ...ends),
    MARGIN,
    WIDTH - MARGIN,
  );
  return html`<table class="forest">
    <tbody>
      ${block.rows.map(
        (row) => html`<tr class=${row.control ? "control" : ""}>
          <th scope="row">
            ${row.group ? html`<span class="quiet">${row.group}: </span>` : ""}${row.label}${row.control ? html` <span class="quiet">control</span>` : ""}
          </th>
          <td>${interval(row.figure, scale, block.reference)}</td>
          <td>${evidenceButton(figureText(row.figure, block.unit), row.figure.evidence, open)}</td>
        </tr>`,
      )}
      <tr>
        <td></td>
        <td>${axis(scale)}</td>
        <td class="quiet">${block.unit}</td>
      </tr>
    </tbody>
  </table>`;
}

function interval(
  figure: ForestBlock["rows"][number]["figure"],
  scale: LinearScale,
  reference: number,
): SVGTemplateResult {
  const none = scale.at(reference);
  return svg`<svg width=${WIDTH} height=${ROW} viewBox="0 0 ${WIDTH} ${ROW}" aria-hidden="true">
    <line class="reference" x1=${none} x2=${none} y1="0" y2=${ROW}></line>
    ${figure.low != null && figure.high != null ? svg`<line class="whisker" x1=${scale.at(figure.low)} x2=${scale.at(figure.high)} y1=${ROW / 2} y2=${ROW / 2}></line>` : ""}
    ${figure.value === null ? "" : svg`<rect class="estimate" x=${scale.at(figure.value) - 4} y=${ROW / 2 - 4} width="8" height="8"></rect>`}
  </svg>`;
}

function axis(scale: LinearScale): SVGTemplateResult {
  return svg`<svg width=${WIDTH} height="18" viewBox="0 0 ${WIDTH} 18" aria-hidden="true">
    ${scale.ticks.map((tick) => svg`<text class="tick-label" x=${scale.at(tick)} y="12" text-anchor="middle">${formatFigure(tick)}</text>`)}
  </svg>`;
}
