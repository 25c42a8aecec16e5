import { refused } from "../../../shared/errors.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { Evidence, ExperimentSummary, Figure, Verdict } from "../../../shared/plugin/result-document.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import type { ViewBlock } from "../../../shared/plugin/view-block.ts";
import { aucInterval } from "../../statistics/auc.ts";
import { covarianceMatchedDirection } from "../../statistics/covariance-null.ts";
import { quantile } from "../../statistics/quantile.ts";
import { seeded } from "../../statistics/random.ts";
import { dot } from "../../statistics/vectors.ts";
import { ablate, NO_EDITS, streamPoints } from "../study/edit-rows.ts";
import { firstTokenScore } from "../study/first-token.ts";
import { dropFigure, inWords, rateFigure, shown } from "../study/intervals.ts";
import { runLanes } from "../study/run-lanes.ts";
import { activationsAt, captureActivations, INSTRUCTION } from "../study/stored-activations.ts";
import { toFigure } from "../study/to-figure.ts";
import { refusalShares, type VocabularyView, vocabularyView } from "./vocabulary.ts";

interface Answers {
  refused: boolean[];
  /** The refusal token with the largest logit: how a refusal begins. */
  word: number[];
}

interface WordingData {
  component: string;
  layer: number;
  set: string;
  view: VocabularyView;
  share: number;
  controlShares: number[];
  auc: { place: string; scores: number[]; positive: boolean[] }[];
  prompts: { id: string; text: string; base: string; own: boolean }[];
  baseline: Answers;
  ablated: Answers;
  words: Record<string, string>;
}

const CONTROLS = 20;

async function answers(
  study: Study,
  prompts: readonly StudyPrompt[],
  edits: ReturnType<typeof ablate>,
): Promise<Answers> {
  const tokens = study.refusal.ids;
  const results = await runLanes(
    study,
    prompts.map(({ ids }) => ({ ids, edits })),
    [],
    "last",
  );
  return {
    refused: results.map(({ logits }) => firstTokenScore(logits, tokens) > 0),
    word: results.map(({ logits }) =>
      tokens.reduce((best, token) => ((logits[token] ?? -1e9) > (logits[best] ?? -1e9) ? token : best), tokens[0] ?? 0),
    ),
  };
}

function verdictOf(decision: Figure, wording: Figure, bound: number): { verdict: string; because: string } {
  const [low, high] = [decision.low ?? -1, decision.high ?? 1];
  const [wordLow, wordHigh] = [wording.low ?? 0, wording.high ?? 1];
  const figures = `ablating it lowers refusals by ${inWords(decision)} and changes how the refusals that stay begin in ${inWords(wording)}`;
  const decides = low > bound;
  const words = wordLow > bound;
  if (decides && words) return { verdict: "both", because: figures };
  if (decides && wordHigh < bound) return { verdict: "detection", because: figures };
  if (words && high < bound) return { verdict: "wording", because: figures };
  const missing = [
    decides || high < bound
      ? ""
      : `the drop of refusals [${low.toFixed(2)}, ${high.toFixed(2)}] holds the bound ${bound}`,
    words || wordHigh < bound
      ? ""
      : `the change of wording [${wordLow.toFixed(2)}, ${wordHigh.toFixed(2)}] holds the bound ${bound}`,
    !decides && high < bound && !words && wordHigh < bound ? "it moves neither" : "",
  ].filter((part) => part !== "");
  const widest = Math.max(high - low, wordHigh - wordLow);
  const n = Math.min(decision.n, wording.n);
  const more = Math.max(10, Math.ceil((n * ((widest / bound) ** 2 - 1)) / 10) * 10);
  const needs = missing.some((part) => part.includes("bound")) ? `; needs about ${more} more test prompts` : "";
  return { verdict: "undecided", because: `${figures}; ${missing.join(" and ")}${needs}` };
}

function summarise(all: readonly WordingData[], bound: number): ExperimentSummary {
  const figures: Figure[] = [];
  const verdicts: Verdict[] = [];
  const sentences: string[] = [];
  const evidence: Record<string, Evidence> = {};
  const rows: { cells: (string | ReturnType<typeof shown>)[]; evidence?: string }[] = [];
  for (const data of all) {
    const { component, prompts, baseline, ablated, layer } = data;
    const first = figures.length;
    const own = prompts.map((_, i) => i).filter((i) => prompts[i]?.own);
    const pick = <T>(values: readonly T[], at: readonly number[]) => at.map((i) => values[i] as T);
    const base = prompts.map((prompt) => prompt.base);
    const decision = {
      ...dropFigure(
        "effect on the decision",
        [component],
        pick(baseline.refused, own),
        pick(ablated.refused, own),
        pick(base, own),
      ),
      layer,
    };
    const anyway = prompts.map((_, i) => i).filter((i) => baseline.refused[i] && ablated.refused[i]);
    const changed = anyway.map((i) => baseline.word[i] !== ablated.word[i]);
    const wording = { ...rateFigure("effect on the wording", [component], changed, pick(base, anyway)), layer };
    const areas = data.auc.map(({ place, scores, positive }) =>
      toFigure({ name: `auc, ${place}`, of: [component], ...aucInterval(scores, positive), unit: "auc" }, layer),
    );
    const sorted = [...data.controlShares].sort((a, b) => a - b);
    const share = {
      name: "share in refusal tokens",
      of: [component],
      estimate: data.share,
      low: null,
      high: null,
      n: 1,
      unit: "share",
      layer,
    };
    const shareNull = {
      name: "share in refusal tokens, random directions",
      of: [component],
      estimate: quantile(sorted, 0.5),
      low: quantile(sorted, 0.025),
      high: quantile(sorted, 0.975),
      n: sorted.length,
      unit: "share",
      layer,
    };
    figures.push(decision, wording, ...areas, share, shareNull);
    const { verdict, because } = verdictOf(decision, wording, bound);
    verdicts.push({ of: [component], verdict, because, figures: figures.slice(first).map((_, i) => first + i), layer });
    const words: Record<string, string> = {
      detection: `${component} is about detecting harm`,
      wording: `${component} is about the wording of a refusal`,
      both: `${component} is about both, detecting harm and the wording of a refusal`,
      undecided: `Whether ${component} is about detecting harm or the wording of a refusal is undecided`,
    };
    sentences.push(`${words[verdict] ?? words.undecided}: ${because}.`);
    evidence[component] = {
      title: `${component} ablated`,
      rows: prompts.map(({ id, text }, i) => ({
        id,
        prompt: text,
        outcomes: [baseline, ablated].map((answer, c) => ({
          condition: c === 0 ? "baseline" : "ablated",
          reply: answer.refused[i] ? `begins with ${JSON.stringify(data.words[String(answer.word[i])] ?? "")}` : null,
          score: null,
          class: answer.refused[i] ? "refusal" : "compliance",
        })),
      })),
    };
    rows.push({
      cells: [
        component,
        shown(decision, component),
        shown(wording, component),
        ...areas.map((area) => shown(area)),
        { value: data.share, unit: "share" },
        `${shareNull.low.toFixed(2)} to ${shareNull.high.toFixed(2)}`,
        { value: data.view.kurtosis, unit: "" },
        { value: data.view.entropy, unit: "nats" },
        data.view.top.map(({ text }) => JSON.stringify(text)).join(" "),
      ],
      evidence: component,
    });
  }
  const block: ViewBlock = {
    type: "table",
    title: "Detection or wording",
    caption:
      "Wording is judged on refusals that stay when the component is ablated. Random directions have the covariance of the data. An AUC near 0 separates as well as one near 1, the other way round.",
    columns: [
      { label: "component" },
      { label: "drop of refusals", unit: "rate" },
      { label: "another first word", unit: "rate" },
      ...(all[0]?.auc.map(({ place }) => ({ label: `AUC, ${place}` })) ?? []),
      { label: "share in refusal tokens" },
      { label: "of random directions" },
      { label: "kurtosis of logits" },
      { label: "entropy of logits", unit: "nats" },
      { label: "top tokens" },
    ],
    rows,
  };
  return { figures, verdicts, sentences, notes: [], blocks: [block], evidence };
}

/** Is a component about detecting harm, or about the wording of a refusal? */
export const wording = defineExperiment({
  id: "wording",
  label: "Wording or detection",
  describe: "Is a component about detecting harm, or about the wording of a refusal?",
  options: {
    components: { type: "components", required: true, describe: "Components to judge." },
    prompts: {
      type: "prompt-sets",
      required: true,
      describe:
        "Harmful prompts: a component's own set for its effect on the decision, all of them for the wording of refusals that stay.",
    },
    bound: {
      type: "number",
      default: 0.2,
      min: 0,
      max: 1,
      describe: "An effect above it is there, one below it is not.",
    },
  },
  plan({ config, count }) {
    const test = config.prompts.reduce((sum, set) => sum + count(set, "test"), 0);
    if (test === 0) throw refused(`prompts: ${config.prompts.join(", ")} have no test prompts.`);
    return config.components.map(
      (component): PlannedUnit => ({
        id: component,
        label: `ablating ${component}`,
        passes: 3 * test,
        replies: 0,
        input: { component },
      }),
    );
  },
  async execute(unit, study, config) {
    const component = await study.component(String(unit.input.component));
    const vector = component.vectors[0] ?? new Float32Array(study.engine.model.dModel);
    const source = component.foundFrom?.positive ?? null;
    const prompts: StudyPrompt[] = [];
    for (const set of new Set([...config.prompts, ...(source === null ? [] : [source])])) {
      for (const prompt of await study.prompts(set))
        if (prompt.split === "test" && prompt.harmful !== false) prompts.push(prompt);
    }
    // A prompt may stand in two sets (all harmful ones, the polite ones among them): it counts once, as one of the component's own.
    const ownIds = new Set(source === null ? [] : (await study.prompts(source)).map(({ id }) => id));
    const unique = [...new Map(prompts.map((prompt) => [prompt.id, prompt])).values()];
    const own = unique.map(({ id }) => ownIds.size === 0 || ownIds.has(id));
    const sets = component.foundFrom;
    const auc: WordingData["auc"] = [];
    const controls: Float64Array[] = [];
    if (sets) {
      const isTest = ({ split }: StudyPrompt) => split === "test";
      const [positive, negative] = [
        (await study.prompts(sets.positive)).filter(isTest),
        (await study.prompts(sets.negative)).filter(isTest),
      ];
      const position = component.position ?? -1;
      const stored = await captureActivations(study, [...positive, ...negative], {
        layers: [component.layer],
        positions: [position, INSTRUCTION],
        site: component.site,
      });
      const labels = stored.prompts.map((_, i) => i < positive.length);
      for (const [place, at] of [
        [`position ${position}`, position],
        ["last instruction token", INSTRUCTION],
      ] as const) {
        const { data, d } = activationsAt(stored, component.layer, at);
        const scores = labels.map((_, i) => Math.round(dot(data.subarray(i * d, (i + 1) * d), vector) * 1e4) / 1e4);
        auc.push({ place, scores, positive: labels });
      }
      const random = seeded(study.seed, `covariance/${component.name}`);
      const activations = activationsAt(stored, component.layer, position);
      for (let i = 0; i < CONTROLS; i++) controls.push(covarianceMatchedDirection(activations, random));
    }
    const [share = 0, ...controlShares] = await refusalShares(study, [vector, ...controls]);
    const words: Record<string, string> = {};
    for (const id of study.refusal.ids) words[String(id)] = await study.decode([id]);
    const data: WordingData = {
      component: component.name,
      layer: component.layer,
      set: source ?? "",
      view: await vocabularyView(study, vector),
      share,
      controlShares,
      auc,
      prompts: unique.map(({ id, text, base }, i) => ({ id, text, base, own: own[i] ?? true })),
      baseline: await answers(study, unique, NO_EDITS),
      ablated: await answers(study, unique, ablate(streamPoints(study.engine.model), component.vectors)),
      words,
    };
    return { ...data };
  },
  summarise: ({ results, config }) =>
    summarise(
      [...results.values()].map((data) => data as UnitData & WordingData),
      config.bound,
    ),
});
