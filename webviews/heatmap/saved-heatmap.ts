import type { HeatmapPicture } from "../../shared/protocol/pages/heatmap-messages.ts";
import { floatsFromBase64, floatsToBase64 } from "../ui/base64.ts";
import type { ScaleMode } from "./scale-picture.ts";
import { EMPTY_STATE, type HeatmapState, moveCursor, receive, setScaleMode } from "./state.ts";

/**
 * What survives a reload: the picture itself, so that it is there before an engine starts, and where the user was in it.
 * Saved with every change, since VS Code tells a page nothing before it goes.
 */
export interface SavedHeatmap {
  picture: Omit<HeatmapPicture, "values"> & { values: string };
  scaleMode: ScaleMode;
  cursor: { row: number; token: number } | null;
  pins: { row: number; token: number }[];
  table: boolean;
  /** Read by the host, which restores the page. */
  origin: HeatmapState["origin"];
  locked: boolean;
}

export function saveHeatmap(state: HeatmapState): SavedHeatmap | null {
  const { picture, scaleMode, cursor, pins, table, origin, locked } = state;
  if (!picture) return null;
  const written = { ...picture, values: floatsToBase64(picture.values) };
  return { picture: written, scaleMode, cursor, pins, table, origin, locked };
}

export function restoreHeatmap(saved: SavedHeatmap | undefined): HeatmapState {
  // A picture that an earlier version saved has no rows: it is left for the next inspection to replace.
  if (!saved || saved.picture.rows === undefined) return EMPTY_STATE;
  const picture = { ...saved.picture, values: floatsFromBase64(saved.picture.values) };
  const shown = receive(setScaleMode(EMPTY_STATE, saved.scaleMode), { type: "picture", picture, saved: true });
  const placed = saved.cursor ? moveCursor(shown, saved.cursor.row, saved.cursor.token) : shown;
  return { ...placed, pins: saved.pins, table: saved.table, origin: saved.origin, locked: saved.locked };
}
