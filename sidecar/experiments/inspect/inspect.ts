import { hookPoint, SITES, type Site } from "../../../shared/engine/hook-point.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { ExperimentSummary } from "../../../shared/plugin/result-document.ts";
import type { ViewBlock } from "../../../shared/plugin/view-block.ts";
import { dot, unit } from "../../statistics/vectors.ts";
import { NO_EDITS } from "../study/edit-rows.ts";
import { runLanes } from "../study/run-lanes.ts";
import { sample } from "../study/sample.ts";

interface InspectData {
  prompt: string;
  id: string;
  tokens: string[];
  layers: number[];
  readings: { component: string; values: number[][] }[];
}

function block(
  { prompt, tokens, layers }: InspectData,
  component: string,
  values: readonly (readonly number[])[],
): ViewBlock {
  const size = Math.max(1e-9, ...values.slice(0).flatMap((row) => row.slice(1).map(Math.abs)));
  return {
    type: "matrix",
    title: `${component}: ${prompt}`,
    caption:
      "Projection of the stream on the component's unit direction. The scale leaves the first position out, whose activations are far larger in many models.",
    unit: "projection",
    rowLabel: "layer",
    columnLabel: "token",
    rows: [...layers].reverse().map((layer) => ({ label: String(layer), control: false })),
    columns: tokens.map((token, i) => `${i} ${token}`),
    cells: [...values].reverse().map((row) => row.map((value) => ({ value, unit: "projection" }))),
    scale: { min: -size, max: size },
  };
}

/** Per token and layer: how far the stream goes along each component. */
export const inspect = defineExperiment({
  id: "inspect",
  label: "Inspect",
  describe: "What does the model hold at each token and layer of a prompt?",
  options: {
    prompts: { type: "prompt-sets", required: true, describe: "Prompt sets to look into." },
    components: { type: "components", required: true, describe: "Components whose projection is read." },
    take: { type: "integer", default: 2, min: 1, describe: "Prompts of each set." },
    site: { type: "choice", choices: SITES, default: "resid_post", describe: "Where the stream is read." },
  },
  plan({ config, count }) {
    return config.prompts.flatMap((set) =>
      Array.from(
        { length: Math.min(config.take, count(set)) },
        (_, index): PlannedUnit => ({
          id: `${set}-${index}`,
          label: `reading ${set}`,
          passes: 1,
          replies: 0,
          input: { set, index },
        }),
      ),
    );
  },
  async execute(unit_, study, config) {
    const prompts = sample(await study.prompts(String(unit_.input.set)), config.take, study.seed);
    const prompt = prompts[Number(unit_.input.index)];
    if (!prompt) return {};
    const { layers, dModel } = study.engine.model;
    const site = config.site as Site;
    const captures = Array.from({ length: layers }, (_, layer) => ({
      at: hookPoint(site, layer),
      positions: "all" as const,
    }));
    const [result] = await runLanes(study, [{ ids: prompt.ids, edits: NO_EDITS }], captures, "none");
    const readings = [];
    for (const name of config.components) {
      const component = await study.component(name);
      const direction = unit(component.vectors[0] ?? new Float32Array(dModel));
      const values = captures.map(({ at }) => {
        const data = result?.captures[at] ?? new Float32Array();
        return prompt.ids.map((_, p) => dot(data.subarray(p * dModel, (p + 1) * dModel), direction));
      });
      readings.push({ component: name, values });
    }
    const tokens = [];
    for (const id of prompt.ids) tokens.push(await study.decode([id]));
    const data: InspectData = {
      prompt: prompt.text,
      id: prompt.id,
      tokens,
      layers: captures.map((_, layer) => layer),
      readings,
    };
    return { ...data };
  },
  summarise({ results }): ExperimentSummary {
    const all = [...results.values()].map((data) => data as UnitData & InspectData);
    return {
      figures: [],
      verdicts: [],
      sentences: [`${all.length} prompts, read on ${all[0]?.readings.length ?? 0} components at every layer.`],
      notes: [],
      blocks: all.flatMap((data) => data.readings.map(({ component, values }) => block(data, component, values))),
      evidence: {},
    };
  },
});
