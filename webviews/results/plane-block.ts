import { html, type SVGTemplateResult, svg, type TemplateResult } from "lit";
import type { PlaneBlock } from "../../shared/plugin/view-block.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { evidenceButton, type OpenEvidence } from "./evidence-button.ts";
import { type LinearScale, linearScale } from "./linear-scale.ts";

const WIDTH = 520;
const HEIGHT = 340;
const MARGIN = { left: 56, right: 16, top: 12, bottom: 40 };

/** One shape per group, so that groups are told apart without colour. */
const SHAPES = [
  "M-4,0a4,4 0 1,0 8,0a4,4 0 1,0 -8,0",
  "M-4,-4h8v8h-8z",
  "M0,-5l5,9h-10z",
  "M0,5l5,-9h-10z",
  "M0,-5l5,5l-5,5l-5,-5z",
  "M-4,-4l8,8M-4,4l8,-8",
];

/** Points and arrows in a plane of two readings, with a table of the same behind it. */
export function planeBlock(block: PlaneBlock, open: OpenEvidence): TemplateResult {
  const places = [...block.points.map((point) => point.at), ...block.arrows.flatMap((arrow) => [arrow.from, arrow.to])];
  if (places.length === 0) return html`<p class="quiet">Nothing to place in this plane.</p>`;
  const xs = places.map(([x]) => x);
  const ys = places.map(([, y]) => y);
  const x = linearScale(Math.min(...xs), Math.max(...xs), MARGIN.left, WIDTH - MARGIN.right);
  const y = linearScale(Math.min(...ys), Math.max(...ys), HEIGHT - MARGIN.bottom, MARGIN.top);
  const groups = [...new Set(block.points.map((point) => point.group))];
  return html`${picture(block, x, y, groups, open)}
    <ul class="key">
      ${groups.map((group, index) => html`<li>${shapeKey(index)} ${group}</li>`)}
    </ul>
    ${arrowTable(block, open)} ${pointTable(block, open)}`;
}

function named({ label, unit }: PlaneBlock["x"]): string {
  return unit ? `${label} (${unit})` : label;
}

function picture(
  block: PlaneBlock,
  x: LinearScale,
  y: LinearScale,
  groups: string[],
  open: OpenEvidence,
): SVGTemplateResult {
  return svg`<svg class="plane" width=${WIDTH} height=${HEIGHT} viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${block.title}: ${block.x.label} across, ${block.y.label} up">
    <defs><marker id="arrow-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse"><path d="M0,0L8,4L0,8z"></path></marker></defs>
    ${x.ticks.map((tick) => svg`<line class="grid-line" x1=${x.at(tick)} x2=${x.at(tick)} y1=${MARGIN.top} y2=${HEIGHT - MARGIN.bottom}></line><text class="tick-label" x=${x.at(tick)} y=${HEIGHT - MARGIN.bottom + 14} text-anchor="middle">${formatFigure(tick)}</text>`)}
    ${y.ticks.map((tick) => svg`<line class="grid-line" y1=${y.at(tick)} y2=${y.at(tick)} x1=${MARGIN.left} x2=${WIDTH - MARGIN.right}></line><text class="tick-label" x=${MARGIN.left - 6} y=${y.at(tick) + 4} text-anchor="end">${formatFigure(tick)}</text>`)}
    <text class="axis-label" x=${(MARGIN.left + WIDTH - MARGIN.right) / 2} y=${HEIGHT - 8} text-anchor="middle">${named(block.x)}</text>
    <text class="axis-label" transform="translate(14 ${(HEIGHT - MARGIN.bottom) / 2}) rotate(-90)" text-anchor="middle">${named(block.y)}</text>
    ${block.arrows.map((arrow) => (arrow.error ? svg`<ellipse class="shift-interval" cx=${x.at(arrow.to[0])} cy=${y.at(arrow.to[1])} rx=${Math.abs(x.at(arrow.error[0]) - x.at(0))} ry=${Math.abs(y.at(arrow.error[1]) - y.at(0))}></ellipse>` : ""))}
    ${block.arrows.map((arrow) => svg`<line class="arrow ${arrow.evidence ? "opens" : ""}" @click=${() => arrow.evidence && open(arrow.evidence)} x1=${x.at(arrow.from[0])} y1=${y.at(arrow.from[1])} x2=${x.at(arrow.to[0])} y2=${y.at(arrow.to[1])} marker-end="url(#arrow-head)"><title>${arrow.label}</title></line>${arrowLabel(arrow, x, y)}`)}
    ${block.points.map((point) => svg`<path class="point group-${groups.indexOf(point.group) % SHAPES.length} ${point.evidence ? "opens" : ""}" @click=${() => point.evidence && open(point.evidence)} d=${SHAPES[groups.indexOf(point.group) % SHAPES.length]} transform="translate(${x.at(point.at[0])} ${y.at(point.at[1])})"><title>${point.label}</title></path>`)}
  </svg>`;
}

/** About how wide a letter of a label is. */
const LETTER = 6.5;

/** A label stands beside its arrow's head and the interval around it, on the side where it fits. */
function arrowLabel({ label, to, error }: PlaneBlock["arrows"][number], x: LinearScale, y: LinearScale) {
  const beside = 8 + (error ? Math.abs(x.at(error[0]) - x.at(0)) : 0);
  const fits = x.at(to[0]) + beside + label.length * LETTER < WIDTH;
  return svg`<text class="arrow-label" x=${x.at(to[0]) + (fits ? beside : -beside)} y=${y.at(to[1]) + 4} text-anchor=${fits ? "start" : "end"}>${label}</text>`;
}

function shapeKey(index: number): SVGTemplateResult {
  const shape = index % SHAPES.length;
  return svg`<svg width="14" height="14" viewBox="-7 -7 14 14" aria-hidden="true"><path class="point group-${shape}" d=${SHAPES[shape]}></path></svg>`;
}

/** The points as numbers, folded away: there are often hundreds. */
function pointTable(block: PlaneBlock, open: OpenEvidence): TemplateResult {
  if (block.points.length === 0) return html``;
  return html`<details>
    <summary>Table</summary>
    <table>
      <thead>
        <tr>
          <th scope="col">Point</th>
          <th scope="col">Group</th>
          <th scope="col">${named(block.x)}</th>
          <th scope="col">${named(block.y)}</th>
        </tr>
      </thead>
      <tbody>
        ${block.points.map(
          ({ label, group, at, evidence }) => html`<tr>
            <th scope="row">${evidenceButton(label, evidence, open)}</th>
            <td>${group}</td>
            <td>${formatFigure(at[0])}</td>
            <td>${formatFigure(at[1])}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </details>`;
}

function arrowTable(block: PlaneBlock, open: OpenEvidence): TemplateResult {
  if (block.arrows.length === 0) return html``;
  const shift = (arrow: PlaneBlock["arrows"][number], axis: 0 | 1) => {
    const error = arrow.error?.[axis];
    return `${formatFigure(arrow.to[axis] - arrow.from[axis])}${error === undefined ? "" : ` ± ${formatFigure(error)}`}`;
  };
  return html`<table>
    <thead>
      <tr>
        <th scope="col">Shift</th>
        <th scope="col">${block.x.label}</th>
        <th scope="col">${block.y.label}</th>
        <th scope="col">n</th>
      </tr>
    </thead>
    <tbody>
      ${block.arrows.map(
        (arrow) => html`<tr>
          <th scope="row">${evidenceButton(arrow.label, arrow.evidence, open)}</th>
          <td>${shift(arrow, 0)}</td>
          <td>${shift(arrow, 1)}</td>
          <td>${arrow.n ?? "\u2013"}</td>
        </tr>`,
      )}
    </tbody>
  </table>`;
}
