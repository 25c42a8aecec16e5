// An example of a plugin: one experiment kind, one scorer and one result view. README.md beside it explains each part.
import { definePlugin } from "refract/plugin";

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** A scorer: says of each reply how much it refuses, and its class. Here: replies that begin with a refusal's first words. */
const bluntScorer = {
  id: "blunt",
  label: "Blunt",
  describe: "A refusal begins with No or with an apology.",
  needs: "reply",
  async score(inputs) {
    return inputs.map(({ reply }) => {
      const refuses = /^\s*(no\b|i am sorry|i'm sorry|i cannot|i can't)/i.test(reply);
      return { score: refuses ? 1 : 0, class: refuses ? "refusal" : "compliance" };
    });
  },
};

/** An experiment kind: how long are the replies under each condition? */
const replyLength = {
  id: "reply-length",
  label: "Length of replies",
  describe: "How long are replies under each condition?",
  options: {
    prompts: { type: "prompt-set", required: true, describe: "Prompts that are asked." },
    conditions: { type: "conditions", required: true, describe: "Conditions to compare." },
    take: { type: "integer", default: 8, min: 1, describe: "Test prompts." },
  },
  // Units are independent: each can run alone, and again.
  plan({ config }) {
    return config.conditions.map((condition) => ({
      id: condition,
      label: `asking under ${condition}`,
      passes: 0,
      replies: config.take,
      input: { condition },
    }));
  },
  // What a unit returns is one line of the run's journal.
  async execute(unit, study, config) {
    const prompts = (await study.prompts(config.prompts)).filter(({ split }) => split === "test").slice(0, config.take);
    const edits = await study.condition(unit.input.condition);
    const { lanes } = await study.engine.generate({
      lanes: prompts.map(({ ids }) => ({ ids, edits })),
      maxNewTokens: 40,
      temperature: 0,
      topP: 1,
      seeds: prompts.map(() => study.seed),
    });
    study.advance(prompts.length);
    return { condition: unit.input.condition, lengths: lanes.map(({ ids }) => ids.length) };
  },
  // Figures and sentences follow from the units' data alone.
  summarise({ results }) {
    const all = [...results.values()];
    return {
      figures: all.map(({ condition, lengths }) => ({
        name: "length",
        of: [condition],
        estimate: mean(lengths),
        low: Math.min(...lengths),
        high: Math.max(...lengths),
        n: lengths.length,
        unit: "tokens",
      })),
      verdicts: [],
      sentences: all.map(
        ({ condition, lengths }) => `Under ${condition}, replies have ${mean(lengths).toFixed(1)} tokens.`,
      ),
      notes: ["Low and high are the shortest and the longest reply."],
      blocks: [],
      evidence: {},
    };
  },
};

/** A result view: a picture for the page of a kind, as data for the built-in blocks. */
const lengthForest = {
  id: "reply-length-forest",
  kind: "reply-length",
  label: "Lengths",
  blocks(summary) {
    return [
      {
        type: "forest",
        title: "Length of replies",
        unit: "tokens",
        reference: 0,
        rows: summary.figures.map(({ of, estimate, low, high, n, unit }) => ({
          label: of.join(", "),
          control: false,
          figure: { value: estimate, low, high, n, unit },
        })),
      },
    ];
  },
};

export default definePlugin({
  name: "length-of-replies",
  experiments: [replyLength],
  scorers: [bluntScorer],
  views: [lengthForest],
});
