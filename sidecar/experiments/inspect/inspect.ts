import { SITES, type Site } from "../../../shared/engine/hook-point.ts";
import { refused } from "../../../shared/errors.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { ExperimentSummary } from "../../../shared/plugin/result-document.ts";
import type { PromptReading } from "../../../shared/plugin/study.ts";
import type { MatrixBlock } from "../../../shared/plugin/view-block.ts";
import { sample } from "../study/sample.ts";

/** The reading that shows how far the stream goes along a component. */
const PROJECTION = "projection";

interface InspectData {
  prompt: string;
  id: string;
  tokens: string[];
  readings: (PromptReading & { of: string })[];
}

function block({ prompt, tokens }: InspectData, { of, unit, values }: InspectData["readings"][number]): MatrixBlock {
  const sizes = values.flatMap((row) => row.slice(1).map((value) => Math.abs(value ?? 0)));
  const size = sizes.reduce((most, value) => Math.max(most, value), 1e-9);
  return {
    type: "matrix",
    title: `${of}: ${prompt}`,
    caption: "The scale leaves the first position out, whose activations are far larger in many models.",
    unit,
    rowLabel: "layer",
    columnLabel: "token",
    rows: values.map((_, layer) => ({ label: String(layer), control: false })).reverse(),
    columns: tokens.map((token, i) => `${i} ${token}`),
    cells: [...values]
      .reverse()
      .map((row) =>
        row.map((value) => (value === null ? { value, unit, why: "no value at this token" } : { value, unit })),
      ),
    scale: { min: -size, max: size },
  };
}

/** Per token and layer: how far the stream goes along each component, and what each of the spec's readings says. */
export const inspect = defineExperiment({
  id: "inspect",
  label: "Inspect",
  describe: "What does the model hold at each token and layer of a prompt?",
  options: {
    prompts: { type: "prompt-sets", required: true, describe: "Prompt sets to look into." },
    components: {
      type: "components",
      default: [],
      minItems: 0,
      describe: "Components whose projection is read, beside the spec's readings.",
    },
    take: { type: "integer", default: 2, min: 1, describe: "Prompts of each set." },
    site: { type: "choice", choices: SITES, default: "resid_post", describe: "Where the stream is read." },
  },
  plan({ config, count, readings }) {
    if (config.components.length === 0 && readings.length === 0) {
      throw refused(
        "components: there is nothing to read; name components here, or readings at the top of the spec (readings: [surprisal]).",
      );
    }
    return config.prompts.flatMap((set) =>
      Array.from(
        { length: Math.min(config.take, count(set)) },
        (_, index): PlannedUnit => ({
          id: `${set}-${index}`,
          label: `reading ${set}`,
          passes: config.components.length + readings.length,
          replies: 0,
          input: { set, index },
        }),
      ),
    );
  },
  async execute(unit, study, config) {
    const prompts = sample(await study.prompts(String(unit.input.set)), config.take, study.seed);
    const prompt = prompts[Number(unit.input.index)];
    if (!prompt) return {};
    const site = config.site as Site;
    const on = (reading: string) => config.components.map((component) => ({ reading, component }));
    const wanted: { reading: string; component: string | null }[] = on(PROJECTION);
    for (const { id, needsDirection } of study.readings) {
      if (!needsDirection) wanted.push({ reading: id, component: null });
      // The components' projections are there already.
      else if (id !== PROJECTION) wanted.push(...on(id));
    }
    const readings: InspectData["readings"] = [];
    for (const { reading, component } of wanted) {
      const read = await study.read(reading, prompt, { site, component });
      readings.push({ ...read, of: [read.label, component].filter((part) => part !== null).join(" on ") });
      study.advance(1);
    }
    const tokens = [];
    // Special tokens decode to nothing: their id stands for them.
    for (const id of prompt.ids) tokens.push((await study.decode([id])) || `\u2039${id}\u203a`);
    const data: InspectData = { prompt: prompt.text, id: prompt.id, tokens, readings };
    return { ...data };
  },
  summarise({ results }): ExperimentSummary {
    const all = [...results.values()].map((data) => data as UnitData & InspectData);
    const names = [...new Set(all.flatMap(({ readings }) => readings.map(({ of }) => of)))];
    return {
      figures: [],
      verdicts: [],
      sentences: [
        `${all.length} ${all.length === 1 ? "prompt" : "prompts"}, read at every layer and token: ${names.join(", ")}.`,
      ],
      notes: [],
      blocks: all.flatMap((data) => data.readings.map((reading) => block(data, reading))),
      evidence: {},
    };
  },
});
