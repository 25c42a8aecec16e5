import type { HeatmapPicture } from "../../shared/protocol/pages/heatmap-messages.ts";
import { BUCKETS_PER_SIDE, LESS_RGB, MORE_RGB, WITHOUT_TEXT } from "../../shared/scale/diverging-scale.ts";
import type { Theme } from "../ui/theme.ts";
import { visibleText } from "../ui/visible-text.ts";
import { isGap, rowCount, rowLabel } from "./rows.ts";
import { cellCorner, type GridSize, labelStep, type Viewport } from "./viewport.ts";

/** Space for the rows' names on the left, the leaning token labels on top, and the last label's end on the right. */
const GUTTER = { layers: 34, numbers: 54, labels: 116 };
export const LABELS = 64;
export const OVERHANG = 30;

export function gutterOf(picture: HeatmapPicture | null): number {
  if (!picture?.rows) return GUTTER.layers;
  return picture.rows.features.some(({ label }) => label !== "") ? GUTTER.labels : GUTTER.numbers;
}

/** Cells fainter than this bucket carry no sign in high contrast. */
const FAINTEST_SIGN = 4;

/** One pixel per cell, the last row on top: drawn once per picture and then only scaled, which keeps 42 x 2,000 cells within a frame. */
export function rasterise(buckets: Int8Array, grid: GridSize): ImageData {
  const image = new ImageData(Math.max(1, grid.tokens), Math.max(1, grid.rows));
  for (let row = 0; row < grid.rows; row++) {
    const top = (grid.rows - 1 - row) * grid.tokens;
    for (let token = 0; token < grid.tokens; token++) {
      const bucket = buckets[row * grid.tokens + token] ?? 0;
      image.data.set(bucket < 0 ? LESS_RGB : MORE_RGB, (top + token) * 4);
      image.data[(top + token) * 4 + 3] = Math.round((Math.abs(bucket) / BUCKETS_PER_SIDE) * WITHOUT_TEXT * 255);
    }
  }
  return image;
}

/** What is painted: the picture's buckets, and the same as pixels. */
export interface GridPixels {
  buckets: Int8Array;
  bitmap: CanvasImageSource;
}

export interface GridMarks {
  cursor: { row: number; token: number } | null;
  pins: readonly { row: number; token: number }[];
}

/** Draws the visible part: cells, labels, cursor and pins. */
export function paintGrid(
  context: CanvasRenderingContext2D,
  pixels: GridPixels,
  picture: HeatmapPicture,
  view: Viewport,
  marks: GridMarks,
  theme: Theme,
): void {
  const grid: GridSize = { rows: rowCount(picture), tokens: picture.tokens.length };
  context.save();
  const gutter = gutterOf(picture);
  context.clearRect(0, 0, gutter + view.width + OVERHANG, LABELS + view.height);
  context.translate(gutter, LABELS);
  context.beginPath();
  context.rect(0, 0, view.width, view.height);
  context.save();
  context.clip();
  context.imageSmoothingEnabled = false;
  context.drawImage(
    pixels.bitmap,
    -view.scrollX,
    -view.scrollY,
    grid.tokens * view.cellWidth,
    grid.rows * view.cellHeight,
  );
  paintGaps(context, picture, view, theme);
  if (theme.kind === "high-contrast") paintSigns(context, pixels.buckets, grid, view, theme);
  for (const pin of marks.pins) outline(context, view, grid, pin, theme.foreground, 1);
  if (marks.cursor) {
    // Two rings, so that one of them stands out on any tint.
    outline(context, view, grid, marks.cursor, theme.background, 4);
    outline(context, view, grid, marks.cursor, theme.focus, 2);
  }
  context.restore();
  paintTokenLabels(context, picture, view, marks, theme);
  paintRowLabels(context, picture, view, marks, theme);
  context.restore();
}

function outline(
  context: CanvasRenderingContext2D,
  view: Viewport,
  grid: GridSize,
  cell: { row: number; token: number },
  color: string,
  width: number,
): void {
  const { x, y } = cellCorner(view, grid, cell.row, cell.token);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.strokeRect(
    x + width / 2,
    y + width / 2,
    Math.max(2, view.cellWidth - width),
    Math.max(2, view.cellHeight - width),
  );
}

/** In high contrast the sign is there as a mark as well as a colour: + for more, a bar for less, where a cell has room for it. */
function paintSigns(
  context: CanvasRenderingContext2D,
  buckets: Int8Array,
  grid: GridSize,
  view: Viewport,
  theme: Theme,
): void {
  if (view.cellWidth < 8 || view.cellHeight < 8) return;
  context.strokeStyle = theme.foreground;
  context.lineWidth = 1;
  const first = Math.floor(view.scrollX / view.cellWidth);
  const last = Math.min(grid.tokens - 1, Math.ceil((view.scrollX + view.width) / view.cellWidth));
  context.beginPath();
  for (let row = 0; row < grid.rows; row++) {
    for (let token = first; token <= last; token++) {
      const bucket = buckets[row * grid.tokens + token] ?? 0;
      if (Math.abs(bucket) < FAINTEST_SIGN) continue;
      const corner = cellCorner(view, grid, row, token);
      const x = Math.round(corner.x + view.cellWidth / 2) + 0.5;
      const y = Math.round(corner.y + view.cellHeight / 2) + 0.5;
      context.moveTo(x - 2, y);
      context.lineTo(x + 3, y);
      if (bucket > 0) {
        context.moveTo(x, y - 2);
        context.lineTo(x, y + 3);
      }
    }
  }
  context.stroke();
}

/** Labels lean so that short cells can carry them, and thin out instead of overlapping; the cursor's own is always there. */
function paintTokenLabels(
  context: CanvasRenderingContext2D,
  picture: HeatmapPicture,
  view: Viewport,
  marks: GridMarks,
  theme: Theme,
): void {
  const step = labelStep(view.cellWidth, 14);
  const selected = marks.cursor?.token ?? -1;
  const first = Math.floor(view.scrollX / view.cellWidth / step) * step;
  const last = Math.min(picture.tokens.length - 1, Math.ceil((view.scrollX + view.width) / view.cellWidth));
  context.textBaseline = "middle";
  context.textAlign = "left";
  const draw = (index: number) => {
    const token = picture.tokens[index];
    const x = (index + 0.5) * view.cellWidth - view.scrollX;
    if (!token || x < 0 || x > view.width) return;
    context.save();
    context.translate(x, -6);
    context.rotate(-Math.PI / 3);
    context.font = `${index === selected ? "bold " : ""}11px ${theme.font}`;
    context.fillStyle =
      index === selected ? theme.foreground : token.role === "template" ? theme.muted : theme.foreground;
    const text = visibleText(token.text);
    context.fillText(text.length > 10 ? `${text.slice(0, 9)}\u2026` : text, 0, 0);
    context.restore();
  };
  for (let index = Math.max(0, first); index <= last; index += step) {
    if (index !== selected && Math.abs(index - selected) * view.cellWidth < 14) continue;
    if (index !== selected) draw(index);
  }
  if (selected >= 0) draw(selected);
}

function paintRowLabels(
  context: CanvasRenderingContext2D,
  picture: HeatmapPicture,
  view: Viewport,
  marks: GridMarks,
  theme: Theme,
): void {
  const step = labelStep(view.cellHeight, 13);
  const grid = { rows: rowCount(picture), tokens: picture.tokens.length };
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (let row = 0; row < grid.rows; row++) {
    const isCursor = row === marks.cursor?.row;
    if (!isCursor && row % step !== 0) continue;
    const y = cellCorner(view, grid, row, 0).y + view.cellHeight / 2;
    if (y < 0 || y > view.height) continue;
    context.font = `${isCursor ? "bold " : ""}11px ${theme.font}`;
    context.fillStyle = isCursor ? theme.foreground : theme.muted;
    context.fillText(fitted(context, rowLabel(picture, row), gutterOf(picture) - 10), -6, y);
  }
}

/** A text with its end left out where it is wider than its place. */
function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let kept = text.length - 1;
  while (kept > 1 && context.measureText(`${text.slice(0, kept)}\u2026`).width > width) kept--;
  return `${text.slice(0, kept)}\u2026`;
}

/** A dashed line through every row that has no value: silence and absence must not look alike. */
function paintGaps(context: CanvasRenderingContext2D, picture: HeatmapPicture, view: Viewport, theme: Theme): void {
  const grid = { rows: rowCount(picture), tokens: picture.tokens.length };
  const width = Math.min(view.width, grid.tokens * view.cellWidth);
  context.save();
  context.strokeStyle = theme.muted;
  context.lineWidth = 1;
  context.setLineDash([2, 6]);
  context.beginPath();
  for (let row = 0; row < grid.rows; row++) {
    if (!isGap(picture, row)) continue;
    const y = Math.round(cellCorner(view, grid, row, 0).y + view.cellHeight / 2) + 0.5;
    context.moveTo(0, y);
    context.lineTo(width, y);
  }
  context.stroke();
  context.restore();
}
