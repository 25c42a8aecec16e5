import type {
  FeatureDescription,
  FeatureReference,
  Followed,
  FoundFeatures,
  LabelledFeature,
} from "../../shared/protocol/feature-messages.ts";
import type {
  CellDetails,
  FiringState,
  HeatmapChoices,
  HeatmapPicture,
  ToHeatmap,
} from "../../shared/protocol/pages/heatmap-messages.ts";
import { layerOfRow, rowCount } from "./rows.ts";
import { type ScaledPicture, type ScaleMode, scalePicture } from "./scale-picture.ts";

/** A place in the picture: row 0 is the lowest. */
export interface Cell {
  row: number;
  token: number;
}

/** The feature that the page tells everything of. */
export interface OpenFeature extends FeatureReference {
  description: FeatureDescription | null;
  firing: FiringState | null;
  /** The features like it at the other layers, once they were looked for: a large suite takes seconds. */
  way: Followed["way"] | "looking" | null;
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
  /** The prompt that the host says is shown, and whether the page keeps it. */
  origin: { uri: string; prompt: number } | null;
  locked: boolean;
  failure: string;
  cursor: Cell | null;
  /** At most two; two give their difference. */
  pins: Cell[];
  details: CellDetails | null;
  table: boolean;
  query: string;
  /** What was found for `query`; `null` while it is not known. */
  found: FoundFeatures | null;
  feature: OpenFeature | null;
  pinnedFeatures: LabelledFeature[];
}

export const EMPTY_STATE: HeatmapState = {
  choices: null,
  picture: null,
  scaled: null,
  scaleMode: "row",
  saved: false,
  stale: false,
  waiting: "",
  origin: null,
  locked: false,
  failure: "",
  cursor: null,
  pins: [],
  details: null,
  table: false,
  query: "",
  found: null,
  feature: null,
  pinnedFeatures: [],
};

/** What the page becomes after a message of the host. */
export function receive(state: HeatmapState, message: ToHeatmap): HeatmapState {
  switch (message.type) {
    case "choices":
      return { ...state, choices: message.choices };
    case "picture":
      return showPicture(state, message.picture, message.saved);
    case "origin":
      return { ...state, origin: message.origin, locked: message.locked };
    case "waiting":
      return { ...state, waiting: message.what, failure: "" };
    case "stale":
      return { ...state, stale: true };
    case "failed":
      return {
        ...state,
        ...{ waiting: "", failure: message.message },
        feature: state.feature?.way === "looking" ? { ...state.feature, way: null } : state.feature,
      };
    case "cursor":
      return followCursor(state, message.layer, message.token);
    case "details":
      return { ...state, details: message.details };
    case "feature": {
      const open = isOpen(state, message.feature);
      return open ? { ...state, feature: { ...open, description: message.feature } } : state;
    }
    case "followed": {
      const open = isOpen(state, message);
      return open ? { ...state, feature: { ...open, way: message.way } } : state;
    }
    case "firing": {
      const open = isOpen(state, message);
      return open ? { ...state, feature: { ...open, firing: message.firing } } : state;
    }
    case "found":
      return message.query === state.query ? { ...state, found: message.result } : state;
    case "pinned-features":
      return { ...state, pinnedFeatures: message.features };
  }
}

function showPicture(state: HeatmapState, picture: HeatmapPicture, saved: boolean): HeatmapState {
  const before = state.picture;
  const samePrompt = before?.title === picture.title && before.tokens.length === picture.tokens.length;
  const sameRows = before?.rows?.layer === picture.rows?.layer && before?.rows?.pinned === picture.rows?.pinned;
  // Of features the strongest comes first; of layers, the one whose features were shown, or the middle.
  const first = picture.rows === null ? (before?.rows?.layer ?? Math.floor(picture.layers / 2)) : rowCount(picture) - 1;
  const cursor = {
    row: Math.max(
      0,
      samePrompt && sameRows && state.cursor ? Math.min(state.cursor.row, rowCount(picture) - 1) : first,
    ),
    token: samePrompt && state.cursor ? state.cursor.token : picture.tokens.length - 1,
  };
  return {
    ...state,
    picture,
    scaled: scalePicture(picture, state.scaleMode),
    saved,
    stale: false,
    waiting: "",
    failure: "",
    cursor,
    pins: samePrompt && sameRows ? state.pins : [],
    details: null,
    // Its activations are of the prompt that was shown before.
    feature: state.feature && { ...state.feature, description: samePrompt ? state.feature.description : null },
  };
}

/** Moves the shared cursor, kept inside the picture; pins stay. */
export function moveCursor(state: HeatmapState, row: number, token: number): HeatmapState {
  const { picture } = state;
  if (!picture) return state;
  const cursor = {
    row: Math.max(0, Math.min(rowCount(picture) - 1, row)),
    token: Math.max(0, Math.min(picture.tokens.length - 1, token)),
  };
  const layer = layerOfRow(picture, cursor.row);
  const same = state.details?.layer === layer && state.details.token === cursor.token;
  return { ...state, cursor, details: same ? state.details : null };
}

/** Moves the cursor where the editor's is; among features it keeps its row, and another layer's features are a picture of their own. */
function followCursor(state: HeatmapState, layer: number, token: number): HeatmapState {
  return moveCursor(state, state.picture?.rows ? (state.cursor?.row ?? 0) : layer, token);
}

/** Tells everything of a feature, or of none. */
export function openFeature(state: HeatmapState, feature: FeatureReference | null): HeatmapState {
  if (feature === null) return { ...state, feature: null };
  if (isOpen(state, feature)) return state;
  const { layer, feature: number } = feature;
  return { ...state, feature: { layer, feature: number, description: null, firing: null, way: null } };
}

/** The features like the open one are being looked for. */
export function follow(state: HeatmapState): HeatmapState {
  return state.feature === null ? state : { ...state, feature: { ...state.feature, way: "looking" } };
}

/** A search begins, or ends where `query` is empty; what was found before stays until the answer is there. */
export function search(state: HeatmapState, query: string): HeatmapState {
  return { ...state, query, found: query.trim() === "" ? null : state.found };
}

function isOpen({ feature: open }: HeatmapState, { layer, feature }: FeatureReference): OpenFeature | null {
  return open?.layer === layer && open.feature === feature ? open : null;
}

export function isPinned({ pinnedFeatures }: HeatmapState, { layer, feature }: FeatureReference): boolean {
  return pinnedFeatures.some((one) => one.layer === layer && one.feature === feature);
}

export function setScaleMode(state: HeatmapState, scaleMode: ScaleMode): HeatmapState {
  return { ...state, scaleMode, scaled: state.picture ? scalePicture(state.picture, scaleMode) : null };
}

/** Pins the cursor's cell, or takes its pin away; a third pin replaces the older of the two. */
export function togglePin(state: HeatmapState): HeatmapState {
  const { cursor } = state;
  if (!cursor) return state;
  const others = state.pins.filter((pin) => pin.row !== cursor.row || pin.token !== cursor.token);
  return { ...state, pins: others.length < state.pins.length ? others : [...state.pins, cursor].slice(-2) };
}

/** The reading at a cell; NaN where there is none. */
export function valueAt(picture: HeatmapPicture, cell: Cell): number {
  return picture.values[cell.row * picture.tokens.length + cell.token] ?? Number.NaN;
}
