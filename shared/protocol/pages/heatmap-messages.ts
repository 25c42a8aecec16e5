import { z } from "zod";
import { SITES, type Site } from "../../engine/hook-point.ts";
import type { TokenRole } from "../../engine/token-ledger.ts";

/** One column of the heatmap. */
export interface HeatmapToken {
  id: number;
  text: string;
  role: TokenRole;
  special: boolean;
}

/** A reading over layers and tokens of one prompt, with what must be said beside it. */
export interface HeatmapPicture {
  /** What the user calls the prompt: file and name or number. */
  title: string;
  model: string;
  reading: { id: string; label: string; unit: string };
  site: Site;
  layers: number;
  tokens: HeatmapToken[];
  /** `[layers, tokens]`, row-major, NaN where there is no value. */
  values: Float32Array;
  /** Probability that the next token begins a refusal; `null` where it was not measured. */
  refusal: number | null;
  milliseconds: number;
  warnings: string[];
}

export interface HeatmapChoices {
  readings: { id: string; label: string; unit: string; describe: string }[];
  sites: Site[];
}

/** What the selected cell's panel shows beside the reading itself. */
export interface CellDetails {
  layer: number;
  token: number;
  /** What the unembedding reads here, most probable first. */
  nextTokens: { text: string; probability: number }[];
  /** The dictionary's strongest features here; empty without a dictionary. */
  features: { feature: number; label: string; activation: number }[];
}

export type ToHeatmap =
  | { type: "choices"; choices: HeatmapChoices }
  /** `saved` is a picture of an earlier session, shown before an engine starts. */
  | { type: "picture"; picture: HeatmapPicture; saved: boolean }
  | { type: "waiting"; what: string }
  /** The prompt's text has changed since the picture was made. */
  | { type: "stale" }
  | { type: "failed"; message: string }
  | { type: "cursor"; layer: number; token: number }
  | { type: "details"; details: CellDetails };

/** Checked by the extension as it arrives: a page is not trusted. */
export const fromHeatmapSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  z.object({ type: z.literal("cursor"), layer: z.int(), token: z.int() }),
  z.object({ type: z.literal("choose"), reading: z.string(), site: z.enum(SITES) }),
  /** Asks for the details of a cell; answered by `details`. */
  z.object({ type: z.literal("details"), layer: z.int(), token: z.int() }),
  /** Saves an export under a name that the user is asked to confirm. */
  z.object({ type: z.literal("save"), name: z.string(), content: z.instanceof(Uint8Array) }),
  /** Reads the prompt again: after a failure, or where a saved picture is shown. */
  z.object({ type: z.literal("inspect") }),
  z.object({ type: z.literal("focus-editor") }),
]);
export type FromHeatmap = z.output<typeof fromHeatmapSchema>;
