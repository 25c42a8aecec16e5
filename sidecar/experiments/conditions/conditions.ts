import { refused } from "../../../shared/errors.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { Evidence, ExperimentSummary, Figure, Verdict } from "../../../shared/plugin/result-document.ts";
import type { StudyPrompt } from "../../../shared/plugin/study.ts";
import type { ForestBlock, ViewBlock } from "../../../shared/plugin/view-block.ts";
import { conditionNames } from "../../../shared/spec/taxonomy.ts";
import { type FactorialEffect, factorial } from "../../statistics/factorial.ts";
import { seeded } from "../../statistics/random.ts";
import { rateInterval } from "../../statistics/rate-interval.ts";
import { NO_EDITS } from "../study/edit-rows.ts";
import { evidenceOf } from "../study/evidence.ts";
import { inWords, rateFigure, shown } from "../study/intervals.ts";
import { type Outcomes, outcomesOf } from "../study/outcomes.ts";
import { readingsOf } from "../study/readings.ts";
import { toFigure } from "../study/to-figure.ts";

interface ConditionsData {
  category: string;
  prompts: { id: string; text: string; base: string; conditions: Record<string, string> }[];
  outcomes: Outcomes;
  /** Names of conditions that the taxonomy gives for this category. */
  taxonomy: string[];
  readings: { component: string; values: number[] }[];
}

/** An effect on the refusal rate smaller than this does not matter. */
const SMALL = 0.1;

function factorsOf(data: ConditionsData, wanted: readonly string[]): string[] {
  const all =
    wanted.length > 0
      ? wanted
      : data.taxonomy.length > 0
        ? data.taxonomy
        : [...new Set(data.prompts.flatMap(({ conditions }) => Object.keys(conditions)))];
  return all.filter((name) => new Set(data.prompts.map(({ conditions }) => conditions[name] ?? "")).size > 1);
}

/**
 * An effect on a rate whose resamples were all alike: Wilson's interval of its level's rate stands in for the bootstrap's point, which
 * would take a few equal outcomes for certainty.
 */
function widened(effect: FactorialEffect, { prompts, outcomes }: ConditionsData): FactorialEffect {
  const at = prompts.flatMap(({ conditions }, i) =>
    effect.factors.every((factor, k) => (conditions[factor] ?? "") === effect.levels[k]) ? [i] : [],
  );
  if (at.length === 0) return effect;
  const rate = rateInterval(
    at.map((i) => outcomes.refused[i] === true),
    at.map((i) => prompts[i]?.base ?? ""),
  );
  const half = Math.max(rate.high - rate.estimate, rate.estimate - rate.low);
  return { ...effect, low: effect.estimate - half, high: effect.estimate + half };
}

function judge(category: string, factor: string, effects: readonly Figure[], first: number): Verdict {
  const indices = effects.map((_, i) => first + i);
  const strongest = [...effects].sort((a, b) => Math.abs(b.estimate ?? 0) - Math.abs(a.estimate ?? 0))[0];
  const matters = effects.some(({ low, high }) => (low ?? 0) > SMALL || (high ?? 0) < -SMALL);
  const inert = effects.every(({ low, high }) => (low ?? -1) > -SMALL && (high ?? 1) < SMALL);
  const verdict = matters ? "matters" : inert ? "does not matter" : "undecided";
  const level = strongest?.of.at(-1) ?? "";
  return {
    of: [category, factor],
    verdict,
    because: `${level} changes the refusal rate by ${inWords(strongest)} from the mean of all cells (n ${strongest?.n ?? 0})${verdict === "undecided" ? `; its interval holds ${SMALL}, more prompts would narrow it` : ""}`,
    figures: indices,
  };
}

function summarise(all: readonly ConditionsData[], wanted: readonly string[], seed: number): ExperimentSummary {
  const figures: Figure[] = [];
  const verdicts: Verdict[] = [];
  const sentences: string[] = [];
  const notes: string[] = [];
  const evidence: Record<string, Evidence> = {};
  const rates: ForestBlock = {
    type: "forest",
    title: "Effects on the refusal rate",
    caption:
      "Deviation of each level from the mean of all cells (effect coding), with bootstrap intervals over base prompts.",
    unit: "rate",
    reference: 0,
    rows: [],
  };
  const readings: ForestBlock = {
    type: "forest",
    title: "Effects on the readings",
    unit: "projection",
    reference: 0,
    rows: [],
  };
  const table: { cells: (string | ReturnType<typeof shown>)[]; evidence?: string }[] = [];
  for (const data of all) {
    const { category, prompts, outcomes } = data;
    const names = factorsOf(data, wanted);
    if (names.length === 0) {
      notes.push(`${category}: its prompts have no condition with more than one level.`);
      continue;
    }
    const base = prompts.map((prompt) => prompt.base);
    const factors = Object.fromEntries(
      names.map((name) => [name, prompts.map(({ conditions }) => conditions[name] ?? "")]),
    );
    const responses = [
      { name: "refusal rate", values: outcomes.refused.map(Number), unit: "rate", block: rates },
      ...data.readings.map(({ component, values }) => ({
        name: component,
        values,
        unit: "projection",
        block: readings,
      })),
    ];
    for (const { name: response, values, unit, block } of responses) {
      const result = factorial(factors, values, base, {
        random: seeded(seed, `${category}/${response}`),
        replicates: 1000,
      });
      if (result.undefinedReplicates > 0)
        notes.push(
          `${category}, ${response}: ${result.undefinedReplicates} resamples had an empty cell and are left out.`,
        );
      const first = figures.length;
      const own = result.effects.map((measured) => {
        const effect = unit === "rate" && measured.high - measured.low < 1e-9 ? widened(measured, data) : measured;
        return toFigure({
          name: `effect on ${response}`,
          of: [category, ...effect.factors.map((factor, k) => `${factor}=${effect.levels[k]}`)],
          estimate: effect.estimate,
          low: effect.low,
          high: effect.high,
          n: effect.n,
          unit,
        });
      });
      figures.push(...own);
      for (const figure of own) {
        const key = `${category}/${figure.of.slice(1).join("/")}`;
        const wants = figure.of.slice(1).map((level) => level.split("="));
        evidence[key] ??= evidenceOf(`${category}: ${figure.of.slice(1).join(", ")}`, prompts, [outcomes], (i) =>
          wants.every(([factor = "", level]) => (prompts[i]?.conditions[factor] ?? "") === level),
        );
        if (figure.of.length === 2 || Math.abs(figure.estimate ?? 0) > SMALL / 2) {
          block.rows.push({
            label: figure.of.slice(1).join(" \u00d7 "),
            group: unit === "rate" ? category : `${category}, ${response}`,
            control: false,
            figure: shown(figure, key),
          });
        }
      }
      if (unit !== "rate") continue;
      for (const factor of names) {
        const levels = own
          .map((figure, i) => ({ figure, i }))
          .filter(({ figure }) => figure.of.length === 2 && figure.of[1]?.startsWith(`${factor}=`));
        const start = first + (levels[0]?.i ?? 0);
        verdicts.push(
          judge(
            category,
            factor,
            levels.map(({ figure }) => figure),
            start,
          ),
        );
      }
    }
    for (const factor of names) {
      for (const level of [...new Set(factors[factor])].sort()) {
        const at = prompts.map((_, i) => i).filter((i) => factors[factor]?.[i] === level);
        const rate = rateFigure(
          "refusal rate",
          [category, `${factor}=${level}`],
          at.map((i) => outcomes.refused[i] === true),
          at.map((i) => base[i] ?? ""),
        );
        figures.push(rate);
        table.push({
          cells: [category, factor, level === "" ? "none" : level, shown(rate, `${category}/${factor}=${level}`)],
        });
      }
    }
    const mattering = verdicts.filter(({ of, verdict }) => of[0] === category && verdict === "matters");
    sentences.push(
      mattering.length > 0
        ? `For ${category}, ${mattering.map(({ of, because }) => `${of[1]} matters (${because})`).join("; ")}.`
        : `For ${category}, no condition is shown to change refusal.`,
    );
  }
  const blocks: ViewBlock[] = [rates];
  if (readings.rows.length > 0) blocks.push(readings);
  blocks.push({
    type: "table",
    title: "Refusal rate by condition",
    columns: [{ label: "category" }, { label: "condition" }, { label: "level" }, { label: "refused", unit: "rate" }],
    rows: table,
  });
  return { figures, verdicts, sentences, notes, blocks, evidence };
}

/** Do conditions matter: who asks, where, why? A factorial of prompt variants, by category. */
export const conditions = defineExperiment({
  id: "conditions",
  label: "Conditions",
  describe: "Do conditions matter (who asks, where, why), and for which category?",
  options: {
    prompts: { type: "prompt-sets", required: true, describe: "Variants of base prompts, with their conditions." },
    factors: {
      type: "texts",
      default: [],
      describe: "Names of conditions; where empty, those of the taxonomy, else all that vary.",
    },
    components: {
      type: "components",
      default: [],
      minItems: 0,
      describe: "Components whose readings are responses too.",
    },
    replies: { type: "integer", default: 6, min: 0, describe: "Replies that are decoded as a check." },
  },
  plan({ config, count }) {
    return config.prompts.map((set): PlannedUnit => {
      const test = count(set, "test");
      if (test === 0) throw refused(`prompts: ${set} has no test prompts.`);
      return {
        id: set,
        label: `asking ${set} under its conditions`,
        passes: test * (1 + config.components.length),
        replies: config.replies,
        input: { set },
      };
    });
  },
  async execute(unit, study, config) {
    const set = String(unit.input.set);
    const prompts = (await study.prompts(set)).filter(({ split }: StudyPrompt) => split === "test");
    const [outcomes] = await outcomesOf(study, prompts, [{ name: "baseline", edits: NO_EDITS }], {
      replies: config.replies,
    });
    const readings = [];
    for (const name of config.components) {
      readings.push({ component: name, values: await readingsOf(study, prompts, await study.component(name)) });
    }
    const data: ConditionsData = {
      category: set,
      prompts: prompts.map(({ id, text, base, conditions: levels }) => ({ id, text, base, conditions: { ...levels } })),
      outcomes: outcomes as Outcomes,
      taxonomy: study.taxonomy ? conditionNames(study.taxonomy, prompts[0]?.category ?? set) : [],
      readings,
    };
    return { ...data };
  },
  summarise: ({ results, config, seed }) =>
    summarise(
      [...results.values()].map((data) => data as UnitData & ConditionsData),
      config.factors,
      seed,
    ),
});
