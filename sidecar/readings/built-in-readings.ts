import { definePlugin } from "../../shared/plugin/define-plugin.ts";
import { projection } from "./projection.ts";
import { refusalLens } from "./refusal-lens.ts";
import { streamNorm } from "./stream-norm.ts";
import { surprisal } from "./surprisal.ts";

/** The readings that come with the product. */
export const builtInReadings = definePlugin({
  name: "refract-readings",
  readings: [refusalLens, projection, surprisal, streamNorm],
});
