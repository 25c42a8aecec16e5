import { z } from "zod";
import { SITES, type Site } from "../../engine/hook-point.ts";
import type { TokenRole } from "../../engine/token-ledger.ts";
import type { FeatureDescription, Followed, FoundFeatures, LabelledFeature } from "../feature-messages.ts";

/** One column of the heatmap. */
export interface HeatmapToken {
  id: number;
  text: string;
  role: TokenRole;
  special: boolean;
}

/** The features that are the rows of a picture, from bottom to top, and the layer of the inspection that they are of. */
export interface FeatureRows {
  layer: number;
  /** Whether they are those that the user has pinned, and not the strongest. */
  pinned: boolean;
  features: LabelledFeature[];
}

/** A reading over layers and tokens of one prompt, or the features of one layer over its tokens, with what must be said beside it. */
export interface HeatmapPicture {
  /** What the user calls the prompt: file and name or number. */
  title: string;
  model: string;
  /** `note` says what must be known of its values: where there are none, and why. */
  reading: { id: string; label: string; unit: string; note: string };
  site: Site;
  layers: number;
  /** `null` where the rows are the layers. */
  rows: FeatureRows | null;
  tokens: HeatmapToken[];
  /** `[layers, tokens]`, or `[features, tokens]` where the rows are features; row-major, NaN where there is no value. */
  values: Float32Array;
  /** Probability that the next token begins a refusal; `null` where it was not measured. */
  refusal: number | null;
  milliseconds: number;
  warnings: string[];
}

export interface HeatmapChoices {
  readings: { id: string; label: string; unit: string; describe: string }[];
  sites: Site[];
  /** The model's dictionaries, empty where it has none; `reasons` say why one should not be trusted, once it was measured. */
  suite: { layer: number; features: number; reasons: readonly string[] }[];
}

/** Where a feature fires in the open prompt file, as far as it is known. */
export type FiringState =
  | { kind: "running"; stage: string }
  | { kind: "failed"; message: string }
  | {
      kind: "known";
      prompts: number;
      tokens: number;
      fired: number;
      /** What was left out; empty where nothing was. */
      note: string;
      most: { title: string; prompt: number; token: string; activation: number }[];
    };

/** What the selected cell's panel shows beside the reading itself. */
export interface CellDetails {
  layer: number;
  token: number;
  /** What the unembedding reads here, most probable first. */
  nextTokens: { text: string; probability: number }[];
  /** The dictionary's strongest features here; empty without a dictionary. */
  features: (LabelledFeature & { activation: number })[];
  /** Why the features could not be read; empty where they could. */
  note: string;
}

export type ToHeatmap =
  | { type: "choices"; choices: HeatmapChoices }
  /** `saved` is a picture of an earlier session, shown before an engine starts. */
  | { type: "picture"; picture: HeatmapPicture; saved: boolean }
  /** Which prompt the page shows, and whether it keeps it; a page saves both. */
  | { type: "origin"; origin: { uri: string; prompt: number } | null; locked: boolean }
  | { type: "waiting"; what: string }
  /** The prompt's text has changed since the picture was made. */
  | { type: "stale" }
  | { type: "failed"; message: string }
  | { type: "cursor"; layer: number; token: number }
  | { type: "details"; details: CellDetails }
  | { type: "feature"; feature: FeatureDescription }
  /** The features like it at the other layers, which the picture shows from now on. */
  | { type: "followed"; layer: number; feature: number; way: Followed["way"] }
  | { type: "firing"; layer: number; feature: number; firing: FiringState }
  | { type: "found"; query: string; result: FoundFeatures }
  /** The features that the user has pinned on this model. */
  | { type: "pinned-features"; features: LabelledFeature[] };

const featureSchema = { layer: z.int().min(0), feature: z.int().min(0) };

/** Checked by the extension as it arrives: a page is not trusted. */
export const fromHeatmapSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  z.object({ type: z.literal("cursor"), layer: z.int(), token: z.int() }),
  z.object({ type: z.literal("choose"), reading: z.string(), site: z.enum(SITES) }),
  /** Asks for the details of a cell; answered by `details`. */
  z.object({ type: z.literal("details"), layer: z.int(), token: z.int() }),
  /** Whether the page keeps its prompt or goes along with what is looked at; answered by `origin`. */
  z.object({ type: z.literal("lock"), locked: z.boolean() }),
  /** What the rows are. */
  z.object({ type: z.literal("rows"), rows: z.enum(["layers", "features", "pinned"]) }),
  /** Answered by `found`. */
  z.object({ type: z.literal("search"), query: z.string().max(200) }),
  /** Answered by `feature`. */
  z.object({ type: z.literal("describe-feature"), ...featureSchema }),
  /** Answered by `firing`, several times. */
  z.object({ type: z.literal("find-firing"), ...featureSchema }),
  z.object({ type: z.literal("stop-firing") }),
  /** Pins a feature, or takes its pin away. */
  z.object({ type: z.literal("pin-feature"), ...featureSchema }),
  /** Asks what a feature is to be called, and writes it into the user's notes. */
  z.object({ type: z.literal("label-feature"), ...featureSchema }),
  /** Shows one feature over layers and tokens. */
  z.object({ type: z.literal("show-feature"), ...featureSchema }),
  /** Looks for the features like it at the other layers, and shows them all; answered by `followed`. */
  z.object({ type: z.literal("follow-feature"), ...featureSchema }),
  /** What becomes of the pinned features. */
  z.object({ type: z.literal("use-pinned"), as: z.enum(["reading", "component", "edit"]) }),
  /** Goes to a prompt of the file, where a feature fires. */
  z.object({ type: z.literal("open-prompt"), prompt: z.int().min(0) }),
  /** Saves an export under a name that the user is asked to confirm. */
  z.object({ type: z.literal("save"), name: z.string(), content: z.instanceof(Uint8Array) }),
  /** Reads the prompt again: after a failure, or where a saved picture is shown. */
  z.object({ type: z.literal("inspect") }),
  z.object({ type: z.literal("focus-editor") }),
]);
export type FromHeatmap = z.output<typeof fromHeatmapSchema>;
