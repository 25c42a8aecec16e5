import { hookPoint } from "../../../shared/engine/hook-point.ts";
import { refused } from "../../../shared/errors.ts";
import type { Candidate, RacedCandidate } from "../../../shared/plugin/direction-finder.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { Evidence, ExperimentSummary, Figure } from "../../../shared/plugin/result-document.ts";
import type { ViewBlock } from "../../../shared/plugin/view-block.ts";
import { ablate, add, NO_EDITS, streamPoints } from "../study/edit-rows.ts";
import { evidenceOf, type ShownPrompt } from "../study/evidence.ts";
import { dropFigure, inWords, rateFigure, shown } from "../study/intervals.ts";
import { type Outcomes, outcomesOf } from "../study/outcomes.ts";

interface SideData {
  prompts: ShownPrompt[];
  base: string[];
  outcomes: Outcomes[];
}

interface DirectionData {
  component: string;
  layer: number;
  site: string;
  position: number | null;
  norms: number[];
  method: string;
  because: string;
  candidates: Candidate[];
  raced: RacedCandidate[];
  positive: SideData | null;
  negative: SideData | null;
}

function candidateLines(data: DirectionData): ViewBlock {
  const early = data.raced.map(({ candidate }) => candidate);
  const all = [...data.candidates, ...early];
  const layers = [...new Set(all.map(({ layer }) => layer))].sort((a, b) => a - b);
  const positions = [...new Set(all.map(({ position }) => position))].sort((a, b) => b - a);
  const fewest = Math.min(...data.raced.map(({ prompts }) => prompts));
  const scoresOf = (candidates: readonly Candidate[], position: number) =>
    layers.map(
      (layer) => candidates.find((one) => one.layer === layer && one.position === position)?.refusal_score ?? null,
    );
  const some = (values: readonly (number | null)[]) => values.some((value) => value !== null);
  return {
    type: "lines",
    title: `Candidates of ${data.component}`,
    caption: `Mean refusal score of harmful validation prompts with the candidate ablated; lower is better.${early.length > 0 ? ` Candidates that left early rest on as few as ${fewest} prompts, and show how the search narrowed down; nothing is chosen among them.` : ""} ${data.because}`,
    x: { label: "layer", values: layers },
    y: { label: "refusal score under ablation", unit: "score" },
    series: positions.flatMap((position) => [
      ...[scoresOf(data.candidates, position)]
        .filter(some)
        .map((values) => ({ label: `position ${position}`, control: false, values })),
      ...[scoresOf(early, position)]
        .filter(some)
        .map((values) => ({ label: `position ${position}, left early`, control: true, values })),
    ]),
    marks: [{ x: data.layer, label: "chosen" }],
    spans: [],
  };
}

function summarise(all: readonly DirectionData[]): ExperimentSummary {
  const figures: Figure[] = [];
  const evidence: Record<string, Evidence> = {};
  const sentences: string[] = [];
  const blocks: ViewBlock[] = [];
  const rows = all.map((data) => {
    const { component, positive, negative } = data;
    const [before, without] = positive?.outcomes ?? [];
    const [plain, pushed] = negative?.outcomes ?? [];
    const effect =
      before && without && positive
        ? dropFigure("effect", [component, component], before.refused, without.refused, positive.base)
        : undefined;
    const induced =
      pushed && negative ? rateFigure("induced refusals", [component], pushed.refused, negative.base) : undefined;
    for (const figure of [effect, induced]) if (figure) figures.push({ ...figure, layer: data.layer });
    if (positive && before && without)
      evidence[`${component}/ablated`] = evidenceOf(`${component} ablated`, positive.prompts, [before, without]);
    if (negative && plain && pushed)
      evidence[`${component}/added`] = evidenceOf(`${component} added`, negative.prompts, [plain, pushed]);
    const place = `${data.site}.${data.layer}${data.position === null ? "" : `, position ${data.position}`}`;
    sentences.push(
      !effect && !induced
        ? `${component} is at ${place}; it was not found from prompts, so nothing is measured: name a set that it is tried on (prompts).`
        : `${component} is at ${place}: ablating it lowers the refusal rate of its own test prompts by ${inWords(effect)}, adding it there makes ${inWords(induced)} of harmless ones refused.`,
    );
    return {
      cells: [
        component,
        place,
        data.method,
        { value: data.norms[0] ?? null, unit: "norm" },
        effect ? shown(effect, `${component}/ablated`) : "\u2013",
        induced ? shown(induced, `${component}/added`) : "\u2013",
      ],
    };
  });
  blocks.push({
    type: "table",
    title: "Directions",
    caption: "Measured on test prompts, which took no part in finding or choosing.",
    columns: [
      { label: "component" },
      { label: "where" },
      { label: "method" },
      { label: "norm" },
      { label: "drop of refusals, ablated", unit: "rate" },
      { label: "harmless refused, added", unit: "rate" },
    ],
    rows,
  });
  for (const data of all) if (data.candidates.length > 0) blocks.push(candidateLines(data));
  return {
    figures,
    verdicts: [],
    sentences,
    // Where there were candidates, their picture's caption says why one was chosen.
    notes: all
      .filter(({ candidates }) => candidates.length === 0)
      .map(({ component, because }) => `${component}: ${because}`),
    blocks,
    evidence,
  };
}

/** Finds directions and says what each does on prompts that took no part in finding it. */
export const directions = defineExperiment({
  id: "directions",
  label: "Directions",
  describe: "Which direction carries a component's refusal, where, and what does it do on test prompts?",
  options: {
    components: { type: "components", required: true, describe: "Components to find and report." },
    prompts: {
      type: "prompt-set",
      optional: true,
      describe:
        "Harmful prompts that a component without prompts of its own (a given one) is tried on, with their matched set.",
    },
    replies: { type: "integer", default: 6, min: 0, describe: "Replies of each condition that are decoded." },
  },
  plan({ config }) {
    return config.components.map(
      (component): PlannedUnit => ({
        id: component,
        label: `testing ${component}`,
        passes: 256,
        replies: 4 * config.replies,
        input: { component },
      }),
    );
  },
  async execute(unit, study, config) {
    const component = await study.component(String(unit.input.component));
    const { candidates, raced, because } = await study.search(component.name);
    const side = async (
      set: string | undefined,
      edits: ReturnType<typeof ablate>,
      name: string,
    ): Promise<SideData | null> => {
      if (set === undefined) return null;
      const prompts = (await study.prompts(set)).filter(({ split }) => split === "test");
      if (prompts.length === 0) throw refused(`prompts.${set}: has no test prompts to report on.`);
      const outcomes = await outcomesOf(
        study,
        prompts,
        [
          { name: "baseline", edits: NO_EDITS },
          { name, edits },
        ],
        { replies: config.replies },
      );
      return {
        prompts: prompts.map(({ id, text }) => ({ id, text })),
        base: prompts.map(({ base }) => base),
        outcomes,
      };
    };
    const matched = study.sets.find(({ name }) => name === config.prompts)?.matched ?? undefined;
    const positive = component.foundFrom?.positive ?? config.prompts;
    const negative = component.foundFrom?.negative ?? matched;
    const [vector] = component.vectors;
    const pushed =
      vector && component.vectors.length === 1 ? add(hookPoint(component.site, component.layer), vector) : NO_EDITS;
    const data: DirectionData = {
      component: component.name,
      layer: component.layer,
      site: component.site,
      position: component.position,
      norms: component.vectors.map((row) => Math.hypot(...row)),
      method: component.provenance.method,
      because,
      candidates: [...candidates],
      raced: [...raced],
      positive: await side(
        positive,
        ablate(streamPoints(study.engine.model), component.vectors),
        `${component.name} ablated`,
      ),
      negative: await side(negative, pushed, `${component.name} added`),
    };
    return { ...data };
  },
  summarise: ({ results }) => summarise([...results.values()].map((data) => data as UnitData & DirectionData)),
});
