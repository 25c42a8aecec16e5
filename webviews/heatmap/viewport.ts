/** Which part of the grid is shown, and how large a cell is; all lengths in CSS pixels. Row 0 is at the bottom, as papers draw the stream's layers. */
export interface Viewport {
  /** Size of the area that holds cells, without the labels. */
  width: number;
  height: number;
  cellWidth: number;
  cellHeight: number;
  /** Distance of the grid's left and top edge from the area's. */
  scrollX: number;
  scrollY: number;
}

export interface GridSize {
  rows: number;
  tokens: number;
}

export const SMALLEST_CELL = 1;
export const LARGEST_CELL = 96;

/** The first view: all rows in sight, tokens as wide as their labels like to be, but never so that fewer than two fit. */
export function initialViewport(grid: GridSize, width: number, height: number): Viewport {
  const cellHeight = clamp(Math.floor(height / Math.max(1, grid.rows)), 6, 40);
  const cellWidth = clamp(Math.floor(width / Math.max(1, grid.tokens)), 6, 56);
  return clampScroll({ width, height, cellWidth, cellHeight, scrollX: 0, scrollY: 0 }, grid);
}

/** Keeps the grid inside the area: no empty space while there are cells to show. */
export function clampScroll(view: Viewport, grid: GridSize): Viewport {
  return {
    ...view,
    scrollX: clamp(view.scrollX, 0, Math.max(0, grid.tokens * view.cellWidth - view.width)),
    scrollY: clamp(view.scrollY, 0, Math.max(0, grid.rows * view.cellHeight - view.height)),
  };
}

export function pan(view: Viewport, grid: GridSize, dx: number, dy: number): Viewport {
  return clampScroll({ ...view, scrollX: view.scrollX + dx, scrollY: view.scrollY + dy }, grid);
}

/** Zooms so that the cell under (x, y) stays where it is. */
export function zoom(view: Viewport, grid: GridSize, factor: number, x: number, y: number): Viewport {
  const cellWidth = clamp(view.cellWidth * factor, SMALLEST_CELL, LARGEST_CELL);
  const cellHeight = clamp(view.cellHeight * factor, SMALLEST_CELL, LARGEST_CELL);
  const scrollX = ((view.scrollX + x) / view.cellWidth) * cellWidth - x;
  const scrollY = ((view.scrollY + y) / view.cellHeight) * cellHeight - y;
  return clampScroll({ ...view, cellWidth, cellHeight, scrollX, scrollY }, grid);
}

/** The cell at a point of the area; `null` beside the grid. */
export function cellAt(view: Viewport, grid: GridSize, x: number, y: number): { row: number; token: number } | null {
  const token = Math.floor((view.scrollX + x) / view.cellWidth);
  const fromTop = Math.floor((view.scrollY + y) / view.cellHeight);
  if (token < 0 || token >= grid.tokens || fromTop < 0 || fromTop >= grid.rows) return null;
  return { row: grid.rows - 1 - fromTop, token };
}

/** A cell's left and top edge in the area. */
export function cellCorner(view: Viewport, grid: GridSize, row: number, token: number): { x: number; y: number } {
  return { x: token * view.cellWidth - view.scrollX, y: (grid.rows - 1 - row) * view.cellHeight - view.scrollY };
}

/** Scrolls as little as needed to bring a cell into sight. */
export function reveal(view: Viewport, grid: GridSize, row: number, token: number): Viewport {
  const { x, y } = cellCorner(view, grid, row, token);
  const dx = Math.min(0, x) + Math.max(0, x + view.cellWidth - view.width);
  const dy = Math.min(0, y) + Math.max(0, y + view.cellHeight - view.height);
  return pan(view, grid, dx, dy);
}

/** Every how many columns a label fits when each needs `labelWidth`. */
export function labelStep(cellWidth: number, labelWidth: number): number {
  return Math.max(1, Math.ceil(labelWidth / cellWidth));
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
