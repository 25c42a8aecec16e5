import type { DirectionSamples } from "../activations.ts";
import type { BatteryOptions } from "./battery-options.ts";
import type { CategoryOutcomes } from "./outcomes.ts";

/** What the battery needs of a pair at one layer. */
export interface LayerInput {
  layer: number;
  /** Training activations of both directions at this layer, for the shapes: one position each, as chosen on validation. */
  samples: readonly [DirectionSamples, DirectionSamples];
  /** Test outcomes on both categories at this layer, for the causes. */
  categories: readonly [CategoryOutcomes, CategoryOutcomes];
}

/** A pair of components over layers. The layers given are those that qualify (`qualifyingLayers`), each tested on the same prompts. */
export interface BatteryInput {
  /** Names of the two components and of the categories whose prompts they are tested on. */
  of: readonly [string, string];
  layers: readonly LayerInput[];
  options?: Partial<BatteryOptions>;
  /** Of the bootstrap of score effects. */
  seed?: number;
}
