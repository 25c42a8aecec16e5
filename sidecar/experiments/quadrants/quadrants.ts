import { refused } from "../../../shared/errors.ts";
import type { Component } from "../../../shared/plugin/component.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { differenceInMeans } from "../../statistics/activations.ts";
import { cosine } from "../../statistics/vectors.ts";
import { NO_EDITS } from "../study/edit-rows.ts";
import { mean, type Outcomes, outcomesOf } from "../study/outcomes.ts";
import { readingPosition, readingsOf } from "../study/readings.ts";
import { runReplies } from "../study/run-lanes.ts";
import { activationsAt, captureActivations } from "../study/stored-activations.ts";
import { cellOf, type QuadrantData, summariseQuadrants } from "./summarise.ts";

/** A cell with fewer prompts gives no direction. */
const FEWEST = 4;

/** The value between the mean readings of harmful and harmless prompts on validation (by label): above it the model takes a prompt for harmful. */
async function midpoint(study: Study, prompts: readonly StudyPrompt[], component: Component): Promise<number> {
  const readings = await readingsOf(study, prompts, component);
  const of = (harmful: boolean) => mean(readings.filter((_, i) => prompts[i]?.harmful === harmful));
  return (of(true) + of(false)) / 2;
}

/** Cosine of the direction between two cells with a component; null where a cell has too few prompts. */
async function between(
  study: Study,
  component: Component,
  from: readonly StudyPrompt[],
  to: readonly StudyPrompt[],
): Promise<number | null> {
  if (from.length < FEWEST || to.length < FEWEST) return null;
  const position = readingPosition(component);
  const capture = (prompts: readonly StudyPrompt[]) =>
    captureActivations(study, prompts, { layers: [component.layer], positions: [position], site: component.site });
  const [low, high] = [await capture(from), await capture(to)];
  const direction = differenceInMeans({
    positive: activationsAt(high, component.layer, position),
    negative: activationsAt(low, component.layer, position),
  });
  return cosine(direction, component.vectors[0] ?? new Float32Array(direction.length));
}

/** Do harmfulness and refusal come apart? Harmful or harmless by refused or complied, by the label and by the model's own judgement. */
export const quadrants = defineExperiment({
  id: "quadrants",
  label: "Quadrants",
  describe: "Do harmfulness and refusal come apart?",
  options: {
    prompts: {
      type: "prompt-sets",
      required: true,
      describe: "Harmful and harmless prompts, by label or by their set.",
    },
    harmfulness: {
      type: "component",
      required: true,
      describe: "What the model reads as harmful, at the last instruction token.",
    },
    refusal: { type: "component", required: true, describe: "What it refuses by." },
    replies: { type: "integer", default: 6, min: 0, describe: "Replies that are decoded as a check." },
    inversion: {
      type: "text",
      optional: true,
      describe: "Reply-inversion question (Zhao et al. 2025) with {prompt} in it, asked of every prompt.",
    },
    inversionHarmful: {
      type: "text",
      default: "Certainly",
      describe: "How a reply to that question begins where the prompt is judged harmful.",
    },
  },
  plan({ config, count }) {
    const test = config.prompts.reduce((sum, set) => sum + count(set, "test"), 0);
    if (test === 0) throw refused(`prompts: ${config.prompts.join(", ")} have no test prompts.`);
    const unit: PlannedUnit = {
      id: "cells",
      label: "sorting prompts into quadrants",
      passes: 4 * test,
      replies: config.replies + (config.inversion === undefined ? 0 : test),
      input: {},
    };
    return [unit];
  },
  async execute(_, study, config) {
    const all: StudyPrompt[] = [];
    for (const set of config.prompts) all.push(...(await study.prompts(set)));
    const test = all.filter(({ split, harmful }) => split === "test" && harmful !== null);
    const val = all.filter(({ split, harmful }) => split === "val" && harmful !== null);
    const harms = new Set(test.map(({ harmful }) => harmful));
    if (harms.size < 2) {
      throw refused(
        "prompts: quadrants need harmful and harmless test prompts; label them (label: harmful) or say harmful: true on a set.",
      );
    }
    const [harmfulness, refusal] = [await study.component(config.harmfulness), await study.component(config.refusal)];
    const [outcomes] = await outcomesOf(study, test, [{ name: "baseline", edits: NO_EDITS }], {
      replies: config.replies,
    });
    const inverted: boolean[] = [];
    if (config.inversion !== undefined) {
      const encoded = [];
      for (const { text } of test)
        encoded.push(await study.encode([{ role: "user", content: config.inversion.replaceAll("{prompt}", text) }]));
      const replies = await runReplies(
        study,
        encoded.map(({ ids }) => ({ ids, edits: NO_EDITS })),
        { maxNewTokens: 8 },
      );
      inverted.push(
        ...replies.map(({ text }) => text.trim().toLowerCase().startsWith(config.inversionHarmful.toLowerCase())),
      );
    }
    const refusedOf = (i: number) => outcomes?.refused[i] === true;
    const inCell = (harmful: boolean, isRefused: boolean) =>
      test.filter((prompt, i) => prompt.harmful === harmful && refusedOf(i) === isRefused);
    const data: QuadrantData = {
      prompts: test.map(({ id, text, base, harmful, set, category }) => ({
        id,
        text,
        base,
        harmful: harmful === true,
        set,
        category,
      })),
      outcomes: outcomes as Outcomes,
      harmfulness: await readingsOf(study, test, harmfulness),
      refusal: await readingsOf(study, test, refusal),
      threshold: val.length > 0 ? await midpoint(study, val, harmfulness) : await midpoint(study, test, harmfulness),
      inverted,
      directions: [
        {
          name: "refused against complied, harmful ones",
          with: config.refusal,
          cosine: await between(study, refusal, inCell(true, false), inCell(true, true)),
          n: [inCell(true, false).length, inCell(true, true).length],
        },
        {
          name: "refused against complied, harmless ones",
          with: config.refusal,
          cosine: await between(study, refusal, inCell(false, false), inCell(false, true)),
          n: [inCell(false, false).length, inCell(false, true).length],
        },
        {
          name: "harmful against harmless, refused ones",
          with: config.harmfulness,
          cosine: await between(study, harmfulness, inCell(false, true), inCell(true, true)),
          n: [inCell(false, true).length, inCell(true, true).length],
        },
        {
          name: "harmful against harmless, complied ones",
          with: config.harmfulness,
          cosine: await between(study, harmfulness, inCell(false, false), inCell(true, false)),
          n: [inCell(false, false).length, inCell(true, false).length],
        },
      ],
    };
    return { ...data };
  },
  summarise: ({ results, seed, config }) =>
    summariseQuadrants(
      [...results.values()][0] as UnitData & QuadrantData,
      seed,
      [config.harmfulness, config.refusal],
      cellOf,
    ),
});
