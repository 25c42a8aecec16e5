import { definePlugin } from "../../shared/plugin/define-plugin.ts";
import { compare } from "./compare/compare.ts";
import { crossAblation } from "./cross-ablation/cross-ablation.ts";
import { differenceInMeansFinder } from "./directions/difference-in-means.ts";
import { directions } from "./directions/directions.ts";
import { geometry } from "./geometry/geometry.ts";
import { inspect } from "./inspect/inspect.ts";

/** The experiment kinds and direction finders that Refract comes with. */
export const builtInExperiments = definePlugin({
  name: "experiments",
  experiments: [directions, geometry, crossAblation, compare, inspect],
  finders: [differenceInMeansFinder],
});
