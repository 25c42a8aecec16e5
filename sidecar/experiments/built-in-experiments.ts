import { definePlugin } from "../../shared/plugin/define-plugin.ts";
import { crossAblation } from "./cross-ablation/cross-ablation.ts";
import { differenceInMeansFinder } from "./directions/difference-in-means.ts";

/** The experiment kinds and direction finders that Refract comes with. */
export const builtInExperiments = definePlugin({
  name: "experiments",
  experiments: [crossAblation],
  finders: [differenceInMeansFinder],
});
