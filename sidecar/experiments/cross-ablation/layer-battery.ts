import type { Component } from "../../../shared/plugin/component.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { meanRow } from "../../statistics/activations.ts";
import type { BatteryOptions } from "../../statistics/battery/battery-options.ts";
import type { CategoryOutcomes, ConditionOutcomes, ControlOutcomes } from "../../statistics/battery/outcomes.ts";
import { pairVerdict } from "../../statistics/battery/pair-verdict.ts";
import type { PairResult } from "../../statistics/battery/result.ts";
import { type CommonAndPrivate, commonCandidates } from "../../statistics/common-and-private.ts";
import { covarianceMatchedDirection } from "../../statistics/covariance-null.ts";
import { seeded } from "../../statistics/random.ts";
import { componentTraining, directionAt, samplesAt, type TrainingActivations } from "../directions/mean-directions.ts";
import { ablate, NO_EDITS, streamPoints, type Vector } from "../study/edit-rows.ts";
import { mean, type NamedEdits, type Outcomes, outcomesOf, rate } from "../study/outcomes.ts";

/** A component with the prompts that it is judged on. */
export interface Contestant {
  component: Component;
  category: string;
  val: readonly StudyPrompt[];
  test: readonly StudyPrompt[];
}

export interface LayerSettings {
  controls: number;
  replies: number;
  bounds: Partial<BatteryOptions>;
  layers: readonly number[];
}

/** A component at one layer: recomputed there, at the position that takes down most refusals of its own category on validation. */
export interface AtLayer {
  name: string;
  category: string;
  position: number;
  /** Refusal rate on validation prompts without edits, and its drop under the component's own ablation. */
  baseline: number;
  effect: number;
}

export interface CategoryData {
  category: string;
  base: string[];
  prompts: { id: string; text: string }[];
  /** `baseline` first, then every row that was ablated. */
  rows: Outcomes[];
}

export interface PairData {
  of: [string, string];
  /** Where the common part was taken; null where it was not looked for. */
  common: { position: number; weight: number; effects: [number, number]; hasPrivate: boolean } | null;
  result: PairResult | null;
}

export interface LayerData {
  layer: number;
  components: AtLayer[];
  categories: CategoryData[];
  pairs: PairData[];
}

/** Below this share of the refusals, an own effect on validation is no reason to test a layer: no direction there does much. */
const WORTH_TESTING = 0.25;

interface Found extends AtLayer {
  vector: Float32Array;
  training: TrainingActivations;
}

/** Mean score and drop of the refusal rate on prompts when directions are ablated everywhere. */
async function effects(study: Study, prompts: readonly StudyPrompt[], vectors: readonly Vector[]) {
  const points = streamPoints(study.engine.model);
  const conditions = vectors.map((vector, i): NamedEdits => ({ name: String(i), edits: ablate(points, [vector]) }));
  const [baseline, ...ablated] = await outcomesOf(study, prompts, [
    { name: "baseline", edits: NO_EDITS },
    ...conditions,
  ]);
  const before = rate(baseline?.refused ?? []);
  return {
    baseline: before,
    ablated: ablated.map((outcome) => ({ score: mean(outcome.score), effect: before - rate(outcome.refused) })),
  };
}

async function recompute(
  study: Study,
  contestant: Contestant,
  layer: number,
  layers: readonly number[],
): Promise<Found | null> {
  const training = await componentTraining(study, contestant.component, layers);
  const candidates = study.positions.flatMap((position) => {
    const vector = directionAt(training, layer, position);
    return vector ? [{ position, vector }] : [];
  });
  if (candidates.length === 0) return null;
  const { baseline, ablated } = await effects(
    study,
    contestant.val,
    candidates.map(({ vector }) => vector),
  );
  const scores = ablated.map(({ score }) => score);
  const best = scores.indexOf(Math.min(...scores));
  const chosen = candidates[best] ?? candidates[0];
  if (!chosen) return null;
  return {
    name: contestant.component.name,
    category: contestant.category,
    position: chosen.position,
    vector: chosen.vector,
    training,
    baseline,
    effect: ablated[best]?.effect ?? 0,
  };
}

interface CommonPart extends CommonAndPrivate {
  position: number;
  effects: [number, number];
}

/** How many common parts go on from few validation prompts to all of them. */
const FINALISTS = 3;
const FIRST_LOOK = 8;

/** The common part, over positions and weights, whose ablation takes down both categories most on validation prompts. */
async function findCommonPart(
  study: Study,
  [a, b]: readonly [Found, Found],
  [first, second]: readonly [Contestant, Contestant],
  layer: number,
): Promise<CommonPart | null> {
  let candidates = study.positions.flatMap((position) => {
    const [one, other] = [directionAt(a.training, layer, position), directionAt(b.training, layer, position)];
    return one && other
      ? commonCandidates(one, other).map((parts) => ({ ...parts, position, effects: [0, 0] as [number, number] }))
      : [];
  });
  for (const size of [FIRST_LOOK, Number.POSITIVE_INFINITY]) {
    if (candidates.length === 0) return null;
    const vectors = candidates.map(({ common }) => common);
    const onFirst = await effects(study, first.val.slice(0, size), vectors);
    const onSecond = await effects(study, second.val.slice(0, size), vectors);
    const judged = candidates.map((candidate, i) => {
      const [one, other] = [onFirst.ablated[i], onSecond.ablated[i]];
      return {
        candidate: { ...candidate, effects: [one?.effect ?? 0, other?.effect ?? 0] as [number, number] },
        // Both must fall: the weaker effect counts, and scores part what rates leave equal.
        worth: Math.min(one?.effect ?? 0, other?.effect ?? 0) - 0.001 * Math.max(one?.score ?? 0, other?.score ?? 0),
      };
    });
    judged.sort((p, q) => q.worth - p.worth);
    candidates = judged.slice(0, FINALISTS).map(({ candidate }) => candidate);
    if (first.val.length <= FIRST_LOOK && second.val.length <= FIRST_LOOK) break;
  }
  return candidates[0] ?? null;
}

interface Row extends NamedEdits {
  control: ControlOutcomes["kind"] | null;
  /** Null: ablated on every category. */
  only: readonly string[] | null;
}

function controlRows(study: Study, found: readonly Found[], layer: number, count: number): Row[] {
  const points = streamPoints(study.engine.model);
  const d = study.engine.model.dModel;
  const rows: Row[] = [];
  for (let i = 0; i < count; i++) {
    const random = seeded(study.seed, `control/${layer}/${i}`);
    const one = found[i % found.length];
    const other = found[(i + 1) % found.length];
    if (!one || !other) break;
    const samples = samplesAt(one.training, layer, one.position);
    const between = meanRow(samplesAt(other.training, layer, one.position).negative);
    const kinds: { kind: ControlOutcomes["kind"]; vector: Vector }[] = [
      { kind: "random", vector: Float64Array.from({ length: d }, () => random.normal()) },
      { kind: "covariance", vector: covarianceMatchedDirection(samples.positive, random) },
      { kind: "topics", vector: meanRow(samples.negative).map((x, j) => x - (between[j] ?? 0)) },
    ];
    const { kind, vector } = kinds[i % kinds.length] as (typeof kinds)[number];
    const edits = ablate(points, [vector]);
    // Two components of one negative set have no difference between harmless topics.
    if (edits.rows.length === 0) continue;
    rows.push({ name: `${kind} ${Math.floor(i / kinds.length) + 1}`, edits, control: kind, only: null });
  }
  return rows;
}

function strip({ name, category, position, baseline, effect }: Found): AtLayer {
  return { name, category, position, baseline, effect };
}

/** The battery at one layer: every pair of components whose own effects are worth testing there. */
export async function layerBattery(
  study: Study,
  contestants: readonly Contestant[],
  layer: number,
  settings: LayerSettings,
): Promise<LayerData> {
  const found: (Found | null)[] = [];
  for (const contestant of contestants) found.push(await recompute(study, contestant, layer, settings.layers));
  const worth = found.map((one) => one !== null && one.effect >= WORTH_TESTING * one.baseline && one.effect > 0);
  const testable = found.filter((one, i): one is Found => one !== null && worth[i] === true);
  const data: LayerData = {
    layer,
    components: found.flatMap((one) => (one ? [strip(one)] : [])),
    categories: [],
    pairs: [],
  };
  if (testable.length < 2) return data;

  const points = streamPoints(study.engine.model);
  const rows: Row[] = [
    ...testable.map((one): Row => ({ name: one.name, edits: ablate(points, [one.vector]), control: null, only: null })),
    ...controlRows(study, testable, layer, settings.controls),
  ];
  const commons = new Map<string, CommonPart>();
  for (const [i, a] of testable.entries()) {
    for (const b of testable.slice(i + 1)) {
      const pair = [a, b].map(({ name }) => contestants.find(({ component }) => component.name === name)) as [
        Contestant,
        Contestant,
      ];
      const common = await findCommonPart(study, [a, b], pair, layer);
      if (!common) continue;
      const key = `${a.name}/${b.name}`;
      commons.set(key, common);
      const only = [a.category, b.category];
      rows.push({ name: `common ${key}`, edits: ablate(points, [common.common]), control: null, only });
      if (common.private)
        rows.push({ name: `private ${key}`, edits: ablate(points, [common.private]), control: null, only });
    }
  }
  for (const category of new Set(testable.map((one) => one.category))) {
    const contestant = contestants.find((one) => one.category === category);
    if (!contestant) continue;
    const chosen = rows.filter(({ only }) => only === null || only.includes(category));
    const outcomes = await outcomesOf(study, contestant.test, [{ name: "baseline", edits: NO_EDITS }, ...chosen], {
      replies: settings.replies,
    });
    data.categories.push({
      category,
      base: contestant.test.map(({ base }) => base),
      prompts: contestant.test.map(({ id, text }) => ({ id, text })),
      rows: outcomes,
    });
  }
  for (const [i, a] of testable.entries()) {
    for (const b of testable.slice(i + 1)) {
      const key = `${a.name}/${b.name}`;
      const common = commons.get(key) ?? null;
      const column = (own: Found, other: Found) => columnOf(data, own, other, key, common, rows);
      const categories = [column(a, b), column(b, a)] as const;
      const samples = [samplesAt(a.training, layer, a.position), samplesAt(b.training, layer, b.position)] as const;
      data.pairs.push({
        of: [a.name, b.name],
        common: common && {
          position: common.position,
          weight: common.weight,
          effects: common.effects,
          hasPrivate: common.private !== null,
        },
        result: pairVerdict([a.name, b.name], { layer, samples, categories }, settings.bounds, study.seed),
      });
    }
  }
  return data;
}

function columnOf(
  data: LayerData,
  own: Found,
  other: Found,
  key: string,
  common: CommonPart | null,
  rows: readonly Row[],
): CategoryOutcomes {
  const category = data.categories.find((one) => one.category === own.category);
  const row = (name: string): ConditionOutcomes => {
    const outcome = category?.rows.find(({ condition }) => condition === name);
    if (!outcome) throw new RangeError(`there is no row "${name}" for ${own.category}`);
    return { refused: outcome.refused, score: outcome.score, degenerate: outcome.degenerate };
  };
  return {
    base: category?.base ?? [],
    baseline: row("baseline"),
    own: row(own.name),
    other: row(other.name),
    common: common ? row(`common ${key}`) : null,
    private: common?.private ? row(`private ${key}`) : null,
    controls: rows.flatMap(({ name, control }) => (control ? [{ name, kind: control, outcomes: row(name) }] : [])),
  };
}
