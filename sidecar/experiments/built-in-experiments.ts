import { definePlugin } from "../../shared/plugin/define-plugin.ts";
import { clusters } from "./clusters/clusters.ts";
import { compare } from "./compare/compare.ts";
import { conditions } from "./conditions/conditions.ts";
import { crossAblation } from "./cross-ablation/cross-ablation.ts";
import { contrastFinder } from "./directions/contrast.ts";
import { differenceInMeansFinder } from "./directions/difference-in-means.ts";
import { directions } from "./directions/directions.ts";
import { harmfulnessFinder } from "./directions/harmfulness.ts";
import { outputFreeFinder } from "./directions/output-free.ts";
import { probeFinder } from "./directions/probe-finder.ts";
import { features } from "./features/features.ts";
import { geometry } from "./geometry/geometry.ts";
import { inspect } from "./inspect/inspect.ts";
import { jailbreak } from "./jailbreak/jailbreak.ts";
import { layerSweep } from "./layer-sweep/layer-sweep.ts";
import { quadrants } from "./quadrants/quadrants.ts";
import { rewards } from "./rewards/rewards.ts";
import { scorers } from "./scorers/scorers.ts";
import { wording } from "./wording/wording.ts";

/** The experiment kinds and direction finders that Refract comes with. */
export const builtInExperiments = definePlugin({
  name: "experiments",
  experiments: [
    directions,
    geometry,
    crossAblation,
    layerSweep,
    wording,
    quadrants,
    conditions,
    jailbreak,
    clusters,
    rewards,
    scorers,
    features,
    compare,
    inspect,
  ],
  finders: [differenceInMeansFinder, contrastFinder, harmfulnessFinder, outputFreeFinder, probeFinder],
});
