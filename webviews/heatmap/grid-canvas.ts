import type { Theme } from "../ui/theme.ts";
import { gutterOf, LABELS, OVERHANG, paintGrid, rasterise } from "./paint-grid.ts";
import { rowCount } from "./rows.ts";
import type { ScaledPicture } from "./scale-picture.ts";
import type { Cell, HeatmapState } from "./state.ts";
import { cellAt, type GridSize, initialViewport, pan, reveal, type Viewport, zoom } from "./viewport.ts";

interface GridCanvasOptions {
  onCell(cell: Cell): void;
  /** The state to paint, asked for at each frame. */
  onPaint(): HeatmapState;
  theme(): Theme;
}

/** The heatmap's canvas: owns the viewport and the pixels, paints at most once a frame, and turns pointer and wheel into cells, pans and zooms. */
export class GridCanvas {
  private readonly canvas = document.createElement("canvas");
  private readonly options: GridCanvasOptions;
  private readonly resize = new ResizeObserver(() => this.measure());
  private holder: HTMLElement | null = null;
  private view: Viewport | null = null;
  /** Whether the user has zoomed: until then, a resize fits the whole picture anew. */
  private zoomed = false;
  private painted: { scaled: ScaledPicture; bitmap: OffscreenCanvas } | null = null;
  private frame = 0;

  constructor(options: GridCanvasOptions) {
    this.options = options;
    this.canvas.setAttribute("aria-hidden", "true");
    this.canvas.addEventListener("pointerdown", (event) => this.onPointer(event));
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.buttons === 1) this.onPointer(event);
    });
    this.canvas.addEventListener("wheel", (event) => this.onWheel(event), { passive: false });
  }

  /** Puts the canvas into its place on the page; does nothing where it is there already. */
  attach(holder: HTMLElement): void {
    if (this.holder === holder && this.canvas.parentElement === holder) return;
    this.resize.disconnect();
    holder.append(this.canvas);
    this.holder = holder;
    this.resize.observe(holder);
    this.measure();
  }

  show(state: HeatmapState): void {
    if (state.scaled && state.picture && this.painted?.scaled !== state.scaled) {
      const grid = gridOf(state);
      const bitmap = new OffscreenCanvas(Math.max(1, grid.tokens), Math.max(1, grid.rows));
      bitmap.getContext("2d")?.putImageData(rasterise(state.scaled.buckets, grid), 0, 0);
      const sameSize = this.painted?.bitmap.width === bitmap.width && this.painted.bitmap.height === bitmap.height;
      this.painted = { scaled: state.scaled, bitmap };
      if (!sameSize) this.fit();
    }
    this.schedule();
  }

  reveal(cell: Cell): void {
    if (this.view) this.setView(reveal(this.view, gridOf(this.options.onPaint()), cell.row, cell.token));
  }

  zoomBy(factor: number): void {
    const view = this.view;
    if (view) this.zoomTo(zoom(view, gridOf(this.options.onPaint()), factor, view.width / 2, view.height / 2));
  }

  /** Back to the first view. */
  fit(): void {
    this.view = null;
    this.zoomed = false;
    this.schedule();
  }

  async toPng(): Promise<Uint8Array<ArrayBuffer>> {
    this.paint();
    const blob = await new Promise<Blob | null>((resolve) => this.canvas.toBlob(resolve, "image/png"));
    return new Uint8Array(blob ? await blob.arrayBuffer() : new ArrayBuffer(0));
  }

  private measure(): void {
    if (!this.holder) return;
    const ratio = devicePixelRatio;
    const { clientWidth, clientHeight } = this.holder;
    this.canvas.width = Math.round(clientWidth * ratio);
    this.canvas.height = Math.round(clientHeight * ratio);
    this.canvas.style.width = `${clientWidth}px`;
    this.canvas.style.height = `${clientHeight}px`;
    if (!this.zoomed) this.view = null;
    if (this.view) {
      const gutter = gutterOf(this.options.onPaint().picture);
      const resized = { ...this.view, width: clientWidth - gutter - OVERHANG, height: clientHeight - LABELS };
      this.view = pan(resized, gridOf(this.options.onPaint()), 0, 0);
    }
    this.schedule();
  }

  private setView(view: Viewport): void {
    this.view = view;
    this.schedule();
  }

  private zoomTo(view: Viewport): void {
    this.zoomed = true;
    this.setView(view);
  }

  private schedule(): void {
    if (this.frame !== 0) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.paint();
    });
  }

  private paint(): void {
    const state = this.options.onPaint();
    const context = this.canvas.getContext("2d");
    if (!context || !this.painted || !state.picture || !this.holder) return;
    this.view ??= this.firstView(state, this.holder);
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const pixels = { buckets: this.painted.scaled.buckets, bitmap: this.painted.bitmap };
    paintGrid(
      context,
      pixels,
      state.picture,
      this.view,
      { cursor: state.cursor, pins: state.pins },
      this.options.theme(),
    );
  }

  /** The whole picture where it fits, else the part with the cursor: the last tokens, where refusal is read, are the last to be left out. */
  private firstView(state: HeatmapState, holder: HTMLElement): Viewport {
    const grid = gridOf(state);
    const width = holder.clientWidth - gutterOf(state.picture) - OVERHANG;
    const view = initialViewport(grid, width, holder.clientHeight - LABELS);
    return state.cursor ? reveal(view, grid, state.cursor.row, state.cursor.token) : view;
  }

  private onPointer(event: PointerEvent): void {
    if (!this.view) return;
    this.holder?.focus();
    const state = this.options.onPaint();
    const cell = cellAt(this.view, gridOf(state), event.offsetX - gutterOf(state.picture), event.offsetY - LABELS);
    if (cell) this.options.onCell(cell);
  }

  private onWheel(event: WheelEvent): void {
    if (!this.view) return;
    event.preventDefault();
    const state = this.options.onPaint();
    const grid = gridOf(state);
    const x = event.offsetX - gutterOf(state.picture);
    if (event.ctrlKey) this.zoomTo(zoom(this.view, grid, Math.exp(-event.deltaY / 200), x, event.offsetY - LABELS));
    else
      this.setView(
        pan(this.view, grid, event.shiftKey ? event.deltaY : event.deltaX, event.shiftKey ? 0 : event.deltaY),
      );
  }
}

function gridOf(state: HeatmapState): GridSize {
  return { rows: state.picture ? rowCount(state.picture) : 0, tokens: state.picture?.tokens.length ?? 0 };
}
