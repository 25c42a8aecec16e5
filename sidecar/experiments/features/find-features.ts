import { type HookPoint, parseHookPoint } from "../../../shared/engine/hook-point.ts";
import { refused } from "../../../shared/errors.ts";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import { dot, norm } from "../../statistics/vectors.ts";
import { firstTokenScore } from "../study/first-token.ts";
import { captureActivations } from "../study/stored-activations.ts";

/** How many features, by how much more they are active on refused prompts, have their decoder rows read. */
const CONSIDERED = 512;

/** What is known of one feature before anything is edited. */
export interface FoundFeature {
  feature: number;
  /** Of its decoder row with the difference in means of the component's prompts here. */
  cosine: number;
  /** Shares of the template's positions at which it fires. */
  firesRefused: number;
  firesComplied: number;
  /** First-order effect: the share of that difference in means which the feature writes. */
  attribution: number;
}

export interface ComponentFeatures {
  /** By attribution, largest first; only those that write towards refusal. */
  found: FoundFeature[];
  /** `[dModel]`: the difference in means, over the template's positions. */
  direction: Float32Array;
  /** Share of it that the dictionary's features write together; the rest is in its error. */
  explained: number;
  /** By feature: share of all these positions at which it fires, which controls are matched on. */
  density: Float32Array;
  refused: number;
  complied: number;
}

/** Finds the features that write a component's direction where a dictionary reads, from its training prompts. */
export async function findFeatures(
  study: Study,
  dictionary: Dictionary,
  positive: readonly StudyPrompt[],
  negative: readonly StudyPrompt[],
): Promise<ComponentFeatures> {
  const place = parseHookPoint(dictionary.reads);
  if (place === null) throw refused(`${dictionary.path}: reads at "${dictionary.reads}", which is no hook point.`);
  const stored = await captureActivations(study, [...positive, ...negative], {
    layers: [place.layer],
    positions: study.positions,
    site: place.site,
    logits: true,
  });
  const rows = stored.byLayer.get(place.layer) ?? [];
  const refuses = stored.logits.map((logits) => firstTokenScore(logits, study.refusal.ids) > 0);
  const chosen = (wanted: boolean) => rows.filter((_, i) => i < positive.length === wanted && refuses[i] === wanted);
  const [on, off] = [
    await statisticsOf(study, dictionary, chosen(true)),
    await statisticsOf(study, dictionary, chosen(false)),
  ];
  if (on.rows === 0 || off.rows === 0) {
    throw refused(
      `features: at least one training prompt must be refused and one matched prompt complied with; found ${chosen(true).length} of ${positive.length} and ${chosen(false).length} of ${negative.length}.`,
    );
  }
  const direction = on.mean.map((value, i) => value - (off.mean[i] as number));
  const length = norm(direction);
  const difference = on.sum.map((value, j) => value / on.rows - (off.sum[j] as number) / off.rows);
  const considered = Array.from(difference.keys())
    .filter((j) => difference[j] !== 0)
    .sort((a, b) => Math.abs(difference[b] as number) - Math.abs(difference[a] as number))
    .slice(0, CONSIDERED);
  const decoder = await study.decoderRows(dictionary, considered);
  const all = considered.map((feature, k): FoundFeature => {
    const row = decoder[k] as Float32Array;
    const along = dot(row, direction) / length;
    return {
      feature,
      cosine: along / norm(row),
      firesRefused: (on.fired[feature] as number) / on.rows,
      firesComplied: (off.fired[feature] as number) / off.rows,
      attribution: ((difference[feature] as number) * along) / length,
    };
  });
  return {
    found: all
      .filter(({ attribution, firesRefused, firesComplied }) => attribution > 0 && firesRefused > firesComplied)
      .sort((a, b) => b.attribution - a.attribution),
    direction,
    explained: all.reduce((sum, { attribution }) => sum + attribution, 0),
    density: on.fired.map((fired, j) => (fired + (off.fired[j] as number)) / (on.rows + off.rows)),
    refused: chosen(true).length,
    complied: chosen(false).length,
  };
}

async function statisticsOf(study: Study, dictionary: Dictionary, prompts: readonly Float32Array[]) {
  const d = dictionary.dIn;
  const activations = new Float32Array(prompts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const rows of prompts) {
    activations.set(rows, at);
    at += rows.length;
  }
  const rows = activations.length / d;
  const mean = new Float32Array(d);
  for (let i = 0; i < activations.length; i++)
    mean[i % d] = (mean[i % d] as number) + (activations[i] as number) / rows;
  const { fired, sum } = await study.engine.encode(
    { dictionary, activations, top: 0, features: [], active: false, statistics: true, reconstruct: false },
    { signal: study.signal },
  );
  return { rows, mean, fired, sum };
}

/** The dictionary of a suite that reads at a layer; `null` where the suite has a gap there. Refused where it has several. */
export function dictionaryAt(
  suite: readonly Dictionary[],
  layer: number,
  hookPoints: readonly HookPoint[],
): Dictionary | null {
  const here = suite.filter(({ reads }) => parseHookPoint(reads)?.layer === layer);
  if (here.length > 1) {
    throw refused(
      `dictionaries: layer ${layer} has several (${here.map(({ path }) => path).join(", ")}): name a folder with one of them.`,
    );
  }
  const [dictionary] = here;
  if (dictionary === undefined) return null;
  if (!hookPoints.includes(dictionary.reads)) {
    throw refused(`${dictionary.path}: reads at ${dictionary.reads}, which this model does not have.`);
  }
  return dictionary;
}
