import { definePlugin } from "../../shared/plugin/define-plugin.ts";
import { firstTokenScorer } from "./first-token-scorer.ts";
import { substringsScorer } from "./substrings-scorer.ts";

/** The scorers that Refract comes with. */
export const builtInScorers = definePlugin({ name: "scorers", scorers: [firstTokenScorer, substringsScorer] });
