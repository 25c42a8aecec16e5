import { html, type TemplateResult } from "lit";
import { ref } from "lit/directives/ref.js";
import uPlot from "uplot";
import type { LinesBlock } from "../../shared/plugin/view-block.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { readTheme } from "../ui/theme.ts";
import { evidenceButton, type OpenEvidence } from "./evidence-button.ts";
import { figureText } from "./figure-text.ts";

/** Each series has a colour of VS Code's charts and a dash of its own, so that series are told apart without colour too. */
const STROKES = [
  { variable: "--series-orange", otherwise: "#d18616", dash: [] },
  { variable: "--vscode-charts-blue", otherwise: "#1a85ff", dash: [8, 3] },
  { variable: "--vscode-charts-green", otherwise: "#388a34", dash: [2, 3] },
  { variable: "--vscode-charts-purple", otherwise: "#a76bd0", dash: [10, 3, 2, 3] },
  { variable: "--vscode-charts-red", otherwise: "#e51400", dash: [5, 2] },
  { variable: "--vscode-descriptionForeground", otherwise: "#808080", dash: [1, 2] },
] as const;

const HEIGHT = 240;
const WIDEST = 720;

/** Profiles over layers with their intervals as bands, marked places, words under the axis, and the same numbers as a table. */
export function linesBlock(block: LinesBlock, open: OpenEvidence): TemplateResult {
  // A label along the axis would be cut where it is longer than the picture is high, so it stands above.
  return html`<p class="quiet axis-name">${block.y.label}${block.y.unit ? ` (${block.y.unit})` : ""}</p>
    <div class="lines" ${ref((element) => mount(element as HTMLElement | undefined, block, open))}></div>
    ${block.spans.length > 0 ? html`<p class="spans">${block.spans.map((span) => html`<span>${spanText(block, span)}</span>`)}</p>` : ""}
    <details>
      <summary>Table</summary>
      ${linesTable(block, open)}
    </details>`;
}

function spanText(block: LinesBlock, span: LinesBlock["spans"][number]): string {
  return `${block.x.label} ${span.from}${span.to === span.from ? "" : ` to ${span.to}`}: ${span.label}`;
}

/** What a series is called in the legend: with its n, which the table behind gives point by point too. */
function legendLabel({ label, n }: LinesBlock["series"][number]): string {
  return n === undefined ? label : `${label} (n ${n})`;
}

function mount(element: HTMLElement | undefined, block: LinesBlock, open: OpenEvidence): void {
  if (!element) return;
  element.replaceChildren();
  const theme = readTheme();
  const style = getComputedStyle(document.body);
  const axis = {
    stroke: theme.foreground,
    grid: { stroke: withAlpha(theme.muted, 0.2), width: 1 },
    ticks: { stroke: theme.muted, width: 1 },
  };
  const data: (number | null)[][] = [block.x.values];
  // Without a cursor over the picture there is no value to show.
  const value: uPlot.Series.Value = (_plot, raw) => (raw == null ? "" : formatFigure(raw));
  const series: uPlot.Series[] = [{ label: block.x.label, value }];
  const lineOf = new Map<number, number>();
  const bands: uPlot.Band[] = [];
  block.series.forEach((line, index) => {
    const stroke = STROKES[index % STROKES.length] ?? STROKES[0];
    const color = style.getPropertyValue(stroke.variable).trim() || stroke.otherwise;
    lineOf.set(series.length, index);
    series.push({
      label: legendLabel(line),
      value,
      stroke: color,
      width: line.control ? 1 : 2,
      dash: [...stroke.dash],
      points: { show: block.x.values.length < 40 },
    });
    data.push(line.values);
    if (line.low && line.high) {
      // A band needs its two edges as series of their own; they are drawn without strokes and kept out of the legend.
      const edge = { stroke: "transparent", width: 0, points: { show: false }, class: "edge" };
      bands.push({ series: [series.length, series.length + 1], fill: withAlpha(color, 0.17) });
      series.push({ ...edge, label: `${line.label} high` }, { ...edge, label: `${line.label} low` });
      data.push(line.high, line.low);
    }
  });
  const { min, max } = block.y;
  const plot = new uPlot(
    {
      width: WIDEST,
      height: HEIGHT,
      series,
      bands,
      scales: {
        x: { time: false },
        y: { range: (_plot, low, high) => [min ?? Math.min(low, 0), max ?? high + (high - low) * 0.05] },
      },
      axes: [{ ...axis, label: block.x.label, incrs: [1, 2, 5, 10, 20] }, axis],
      hooks: {
        draw: [
          (plot) => drawMarks(plot, block, { color: theme.foreground, ground: theme.background, font: theme.font }),
        ],
      },
    },
    data as uPlot.AlignedData,
    element,
  );
  plot.over.addEventListener("click", () => {
    const key = evidenceUnder(plot, block, lineOf);
    if (key) open(key);
  });
  // The element has its width only once it stands in the page, and another after each resize of the panel.
  new ResizeObserver(() => plot.setSize({ width: Math.min(WIDEST, element.clientWidth), height: HEIGHT })).observe(
    element,
  );
}

/** Evidence of the point next to the cursor, among the lines that have any. */
function evidenceUnder(plot: uPlot, block: LinesBlock, lineOf: ReadonlyMap<number, number>): string | null {
  const { idx, top } = plot.cursor;
  if (idx == null || top == null) return null;
  const near = [...lineOf]
    .flatMap(([column, index]) => {
      const [value, key] = [plot.data[column]?.[idx], block.series[index]?.evidence?.[idx]];
      return value != null && key ? [{ key, distance: Math.abs(plot.valToPos(value, "y") - top) }] : [];
    })
    .sort((a, b) => a.distance - b.distance);
  return near[0]?.key ?? null;
}

function withAlpha(color: string, alpha: number): string {
  return `color-mix(in srgb, ${color} ${100 * alpha}%, transparent)`;
}

/** What marks are drawn with: their colour and font, and the colour of the page behind their words. */
interface MarkInk {
  color: string;
  ground: string;
  font: string;
}

/** A vertical line with its word at each marked place, e.g. the merge layer. */
function drawMarks(plot: uPlot, block: LinesBlock, { color, ground, font }: MarkInk): void {
  const { ctx, bbox } = plot;
  ctx.save();
  ctx.strokeStyle = color;
  ctx.font = `${11 * devicePixelRatio}px ${font}`;
  ctx.textAlign = "left";
  ctx.setLineDash([4, 4]);
  block.marks.forEach((mark, index) => {
    const x = plot.valToPos(mark.x, "x", true);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    const y = bbox.top + bbox.height - 12 * devicePixelRatio * (1 + (index % 3));
    // A line that runs through the word would strike it out.
    ctx.fillStyle = ground;
    ctx.fillRect(x + 2, y - 10 * devicePixelRatio, ctx.measureText(mark.label).width + 4, 13 * devicePixelRatio);
    ctx.fillStyle = color;
    ctx.fillText(mark.label, x + 4, y);
  });
  ctx.restore();
}

function linesTable(block: LinesBlock, open: OpenEvidence): TemplateResult {
  return html`<table>
    <thead>
      <tr>
        <th scope="col">${block.x.label}</th>
        ${block.series.map((line) => html`<th scope="col">${line.label}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${block.x.values.map(
        (value, index) => html`<tr>
          <th scope="row">${formatFigure(value)}</th>
          ${block.series.map((line) => html`<td>${pointText(block, line, index, open)}</td>`)}
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function pointText(
  block: LinesBlock,
  line: LinesBlock["series"][number],
  index: number,
  open: OpenEvidence,
): TemplateResult {
  const figure = {
    value: line.values[index] ?? null,
    low: line.low?.[index] ?? null,
    high: line.high?.[index] ?? null,
    n: line.n,
  };
  return evidenceButton(figureText(figure, block.y.unit), line.evidence?.[index], open);
}
