import type {
  CellDetails,
  HeatmapChoices,
  HeatmapPicture,
  ToHeatmap,
} from "../../shared/protocol/pages/heatmap-messages.ts";
import { type ScaledPicture, type ScaleMode, scalePicture } from "./scale-picture.ts";

export interface Cell {
  layer: number;
  token: number;
}

/** Everything that the heatmap page shows. */
export interface HeatmapState {
  choices: HeatmapChoices | null;
  picture: HeatmapPicture | null;
  scaled: ScaledPicture | null;
  scaleMode: ScaleMode;
  saved: boolean;
  stale: boolean;
  /** What is being waited for; empty when nothing is. */
  waiting: string;
  failure: string;
  cursor: Cell | null;
  /** At most two; two give their difference. */
  pins: Cell[];
  details: CellDetails | null;
  table: boolean;
}

export const EMPTY_STATE: HeatmapState = {
  choices: null,
  picture: null,
  scaled: null,
  scaleMode: "layer",
  saved: false,
  stale: false,
  waiting: "",
  failure: "",
  cursor: null,
  pins: [],
  details: null,
  table: false,
};

/** What the page becomes after a message of the host. */
export function receive(state: HeatmapState, message: ToHeatmap): HeatmapState {
  switch (message.type) {
    case "choices":
      return { ...state, choices: message.choices };
    case "picture":
      return showPicture(state, message.picture, message.saved);
    case "waiting":
      return { ...state, waiting: message.what, failure: "" };
    case "stale":
      return { ...state, stale: true };
    case "failed":
      return { ...state, waiting: "", failure: message.message };
    case "cursor":
      return moveCursor(state, message.layer, message.token);
    case "details":
      return { ...state, details: message.details };
  }
}

function showPicture(state: HeatmapState, picture: HeatmapPicture, saved: boolean): HeatmapState {
  const samePrompt = state.picture?.title === picture.title && state.picture.tokens.length === picture.tokens.length;
  const start = { layer: Math.floor(picture.layers / 2), token: picture.tokens.length - 1 };
  return {
    ...state,
    picture,
    scaled: scalePicture(picture, state.scaleMode),
    saved,
    stale: false,
    waiting: "",
    failure: "",
    cursor: samePrompt && state.cursor ? state.cursor : start,
    pins: samePrompt ? state.pins : [],
    details: null,
  };
}

/** Moves the shared cursor, kept inside the picture; pins stay. */
export function moveCursor(state: HeatmapState, layer: number, token: number): HeatmapState {
  if (!state.picture) return state;
  const cursor = {
    layer: Math.max(0, Math.min(state.picture.layers - 1, layer)),
    token: Math.max(0, Math.min(state.picture.tokens.length - 1, token)),
  };
  const same = state.details?.layer === cursor.layer && state.details.token === cursor.token;
  return { ...state, cursor, details: same ? state.details : null };
}

export function setScaleMode(state: HeatmapState, scaleMode: ScaleMode): HeatmapState {
  return { ...state, scaleMode, scaled: state.picture ? scalePicture(state.picture, scaleMode) : null };
}

/** Pins the cursor's cell, or takes its pin away; a third pin replaces the older of the two. */
export function togglePin(state: HeatmapState): HeatmapState {
  const { cursor } = state;
  if (!cursor) return state;
  const others = state.pins.filter((pin) => pin.layer !== cursor.layer || pin.token !== cursor.token);
  return { ...state, pins: others.length < state.pins.length ? others : [...state.pins, cursor].slice(-2) };
}

/** The reading at a cell; NaN where there is none. */
export function valueAt(picture: HeatmapPicture, cell: Cell): number {
  return picture.values[cell.layer * picture.tokens.length + cell.token] ?? Number.NaN;
}
