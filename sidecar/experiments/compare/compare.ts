import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { Evidence, ExperimentSummary, Figure } from "../../../shared/plugin/result-document.ts";
import type { ViewBlock } from "../../../shared/plugin/view-block.ts";
import { klDivergence } from "../../statistics/kl-divergence.ts";
import { logSoftmax } from "../../statistics/softmax.ts";
import { firstTokenScore } from "../study/first-token.ts";
import { inWords, meanFigure, rateFigure, shown } from "../study/intervals.ts";
import { classOfReply } from "../study/reply-class.ts";
import { runLanes, runReplies } from "../study/run-lanes.ts";
import { sample } from "../study/sample.ts";

interface CompareData {
  set: string;
  prompts: { id: string; text: string; base: string }[];
  conditions: {
    name: string;
    replies: string[];
    scores: number[];
    /** KL of the next-token distribution to the baseline's, in nats. */
    kl: number[];
  }[];
}

function summarise(all: readonly CompareData[], seed: number): ExperimentSummary {
  const figures: Figure[] = [];
  const evidence: Record<string, Evidence> = {};
  const sentences: string[] = [];
  const blocks: ViewBlock[] = all.flatMap(({ set, prompts, conditions }): ViewBlock[] => {
    const base = prompts.map((prompt) => prompt.base);
    const title = `${set}: replies side by side`;
    evidence[set] = {
      title,
      rows: prompts.map(({ id, text }, i) => ({
        id,
        prompt: text,
        outcomes: conditions.map(({ name, replies, scores }) => ({
          condition: name,
          reply: replies[i] ?? null,
          score: scores[i] ?? null,
          class: classOfReply(replies[i] ?? ""),
        })),
      })),
    };
    const said: string[] = [];
    const rows = conditions.map(({ name, replies, scores, kl }) => {
      const refusals = rateFigure(
        "refusal rate",
        [name, set],
        replies.map((reply) => classOfReply(reply) === "refusal"),
        base,
      );
      const score = meanFigure("refusal score", [name, set], scores, base, "score", seed);
      const change = meanFigure("kl to baseline", [name, set], kl, base, "nats", seed);
      figures.push(refusals, score, change);
      said.push(`${inWords(refusals)} under ${name}`);
      const broken = replies.filter((reply) => classOfReply(reply) === "degenerate").length;
      return {
        cells: [
          name,
          shown(refusals, set),
          shown(score),
          shown(change),
          { value: broken, n: replies.length, unit: "replies" },
        ],
        evidence: set,
      };
    });
    const asked = prompts.length === 1 ? `1 prompt of ${set} is` : `${prompts.length} prompts of ${set} are`;
    sentences.push(`Of ${asked} refused: ${said.join(", ")}.`);
    return [
      {
        type: "table",
        title: `${set} under each condition`,
        columns: [
          { label: "condition" },
          { label: "refused", unit: "rate" },
          { label: "first-token score", unit: "score" },
          { label: "KL to baseline", unit: "nats" },
          { label: "fallen apart" },
        ],
        rows,
      },
      {
        type: "table",
        title,
        columns: [{ label: "prompt" }, ...conditions.map(({ name }) => ({ label: name }))],
        rows: prompts.map(({ text }, i) => ({
          cells: [text, ...conditions.map(({ replies }) => replies[i] ?? "")],
          evidence: set,
        })),
      },
    ];
  });
  return { figures, verdicts: [], sentences, notes: [], blocks, evidence };
}

/** What the model says under each condition, side by side. */
export const compare = defineExperiment({
  id: "compare",
  label: "Compare",
  describe: "What does the model say under each condition?",
  options: {
    conditions: { type: "conditions", required: true, describe: "Conditions side by side; baseline has no edits." },
    prompts: { type: "prompt-sets", required: true, describe: "Prompt sets that are asked." },
    take: { type: "integer", default: 4, min: 1, describe: "Test prompts of each set." },
    maxNewTokens: { type: "integer", default: 40, min: 1, describe: "Longest reply, in tokens." },
    temperature: { type: "number", default: 0, min: 0, describe: "0 is greedy." },
  },
  plan({ config, count }) {
    return config.prompts.map((set): PlannedUnit => {
      const lanes = Math.min(config.take, count(set)) * config.conditions.length;
      return { id: set, label: `asking ${set}`, passes: lanes, replies: lanes, input: { set } };
    });
  },
  async execute(unit, study, config) {
    const set = String(unit.input.set);
    const all = await study.prompts(set);
    const test = all.filter(({ split }) => split === "test");
    const prompts = sample(test.length > 0 ? test : all, config.take, study.seed);
    const conditions = [];
    for (const name of config.conditions) conditions.push({ name, edits: await study.condition(name) });
    const lanes = conditions.flatMap(({ edits }) => prompts.map(({ ids }) => ({ ids, edits })));
    const forward = await runLanes(study, lanes, [], "last");
    const replies = await runReplies(study, lanes, {
      maxNewTokens: config.maxNewTokens,
      temperature: config.temperature,
      seeds: lanes.map((_, i) => study.seed + (i % prompts.length)),
    });
    const baseline = Math.max(0, config.conditions.indexOf("baseline"));
    const logits = (c: number, i: number) => forward[c * prompts.length + i]?.logits ?? new Float32Array();
    const data: CompareData = {
      set,
      prompts: prompts.map(({ id, text, base }) => ({ id, text, base })),
      conditions: conditions.map(({ name }, c) => ({
        name,
        replies: prompts.map((_, i) => replies[c * prompts.length + i]?.text ?? ""),
        scores: prompts.map((_, i) => firstTokenScore(logits(c, i), study.refusal.ids)),
        kl: prompts.map((_, i) => klDivergence(logSoftmax(logits(baseline, i)), logSoftmax(logits(c, i)))),
      })),
    };
    return { ...data };
  },
  summarise: ({ results, seed }) =>
    summarise(
      [...results.values()].map((data) => data as UnitData & CompareData),
      seed,
    ),
});
