import { refused } from "../../../shared/errors.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { StudyPrompt } from "../../../shared/plugin/study.ts";
import { runReplies } from "../study/run-lanes.ts";
import { sample } from "../study/sample.ts";
import type { ReplyRow } from "./reply-row.ts";
import { summariseRewards } from "./summarise.ts";

/** Is refusal entangled with helpfulness and harmlessness, as reward models see them? Sampled replies, scored by an ensemble. */
export const rewards = defineExperiment({
  id: "rewards",
  label: "Rewards",
  describe: "Is refusal taken for helpful, for harmless, or for itself, by reward models?",
  options: {
    prompts: { type: "prompt-sets", required: true, describe: "Prompts that are asked." },
    conditions: {
      type: "conditions",
      required: true,
      describe: "Baseline, and conditions that move refusal: a component ablated or added.",
    },
    refusal: { type: "scorer", default: "substrings", describe: "Scorer that says whether a reply refuses." },
    rewards: {
      type: "scorers",
      required: true,
      describe: "Reward models and classifiers, by the names of the spec's scorers.",
    },
    samples: { type: "integer", default: 8, min: 1, describe: "Replies of each prompt and condition." },
    temperature: {
      type: "number",
      default: 0.8,
      min: 0,
      describe: "Temperature of sampling; each reply has a seed of its own.",
    },
    take: { type: "integer", default: 24, min: 2, describe: "Test prompts of each set." },
    maxNewTokens: { type: "integer", default: 32, min: 1, describe: "Longest reply, in tokens." },
    bound: {
      type: "number",
      default: 0.2,
      min: 0,
      describe: "A change of a reward within this share of its standard deviation is none.",
    },
  },
  plan({ config, count }) {
    if (!config.conditions.includes("baseline"))
      throw refused("conditions: rewards are compared with the baseline; add baseline to the list.");
    if (config.conditions.length < 2)
      throw refused("conditions: at least one condition beside the baseline is needed.");
    return config.conditions.flatMap((condition) =>
      config.prompts.map((set): PlannedUnit => {
        const n = Math.min(config.take, count(set, "test"));
        if (n === 0) throw refused(`prompts: ${set} has no test prompts.`);
        return {
          id: `${condition}/${set}`,
          label: `sampling ${set} under ${condition}`,
          passes: 0,
          replies: n * config.samples,
          input: { condition, set },
        };
      }),
    );
  },
  async execute(unit, study, config) {
    const { condition, set } = { condition: String(unit.input.condition), set: String(unit.input.set) };
    const test = (await study.prompts(set)).filter(({ split }: StudyPrompt) => split === "test");
    const prompts = sample(test, config.take, study.seed);
    const edits = await study.condition(condition);
    const cells = prompts.flatMap((prompt) => Array.from({ length: config.samples }, (_, k) => ({ prompt, k })));
    const replies = await runReplies(
      study,
      cells.map(({ prompt }) => ({ ids: prompt.ids, edits })),
      {
        maxNewTokens: config.maxNewTokens,
        temperature: config.temperature,
        // The same seeds in every condition: what differs is the edit.
        seeds: cells.map(({ k }, i) => study.seed + 1000 * Math.floor(i / config.samples) + k),
      },
    );
    const inputs = cells.map(({ prompt }, i) => ({
      prompt: prompt.text,
      reply: replies[i]?.text ?? "",
      nextToken: null,
      refusalTokens: study.refusal.ids,
    }));
    const refusals = await study.score(config.refusal, inputs);
    const scores: Record<string, number[]> = {};
    for (const name of config.rewards) {
      const own = (await study.score(name, inputs)).map(({ score }) => score);
      const missing = own.filter((score) => !Number.isFinite(score)).length;
      if (missing > 0) {
        throw refused(
          `rewards: scorer ${name} gives no number for ${missing} of ${own.length} replies; a reward needs a scorer that reads replies.`,
        );
      }
      scores[name] = own;
    }
    const rows = cells.map(
      ({ prompt, k }, i): ReplyRow => ({
        prompt: prompt.id,
        text: prompt.text,
        base: prompt.base,
        condition,
        sample: k,
        reply: replies[i]?.text ?? "",
        length: replies[i]?.ids.length ?? 0,
        refused: refusals[i]?.class === "refusal",
        rewards: Object.fromEntries(
          config.rewards.map((name) => [name, Math.round((scores[name]?.[i] ?? 0) * 1e5) / 1e5]),
        ),
      }),
    );
    return { rows };
  },
  summarise({ results, config, seed }) {
    const rows = [...results.values()].flatMap((data) => (data as UnitData & { rows: ReplyRow[] }).rows);
    return summariseRewards(rows, {
      rewards: config.rewards,
      conditions: config.conditions.filter((name) => name !== "baseline"),
      bound: config.bound,
      seed,
    });
  },
});
