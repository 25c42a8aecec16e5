import { refused } from "../../../shared/errors.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { Evidence, ExperimentSummary, Figure, Verdict } from "../../../shared/plugin/result-document.ts";
import type { StudyPrompt } from "../../../shared/plugin/study.ts";
import type { ShownFigure, ViewBlock } from "../../../shared/plugin/view-block.ts";
import { rootOf } from "../../../shared/spec/taxonomy.ts";
import type { Activations } from "../../statistics/activations.ts";
import { type Clustering, cluster } from "../../statistics/clusters.ts";
import { labelPermutation } from "../../statistics/label-permutation.ts";
import { adjustedRand, normalisedMutualInformation } from "../../statistics/partition-agreement.ts";
import { principalCoordinates } from "../../statistics/principal-coordinates.ts";
import { seeded } from "../../statistics/random.ts";
import { firstPrunedLayer } from "../directions/selection-rule.ts";
import { NO_EDITS } from "../study/edit-rows.ts";
import { firstTokenScore } from "../study/first-token.ts";
import { runLanes, runReplies } from "../study/run-lanes.ts";
import { activationsAt, captureActivations } from "../study/stored-activations.ts";
import { toFigure } from "../study/to-figure.ts";

interface View {
  name: string;
  clustering: Clustering;
  /** First two principal coordinates. */
  plane: [number, number][];
}

interface ClustersData {
  layer: number;
  position: number;
  prompts: { id: string; text: string; base: string; label: string; root: string | null }[];
  dropped: number;
  views: View[];
}

/** Counts of words, each divided by the root of the reply's length: replies of one wording lie close whatever their length. */
function wordCounts(replies: readonly string[], base: readonly string[]): Activations {
  const words = replies.map((reply) => reply.toLowerCase().match(/[\p{L}\p{N}']+/gu) ?? []);
  const vocabulary = [...new Set(words.flat())].sort();
  const index = new Map(vocabulary.map((word, i) => [word, i]));
  const d = Math.max(1, vocabulary.length);
  const data = new Float64Array(replies.length * d);
  for (const [row, list] of words.entries()) {
    for (const word of list) {
      const at = row * d + (index.get(word) ?? 0);
      data[at] = (data[at] ?? 0) + 1 / Math.sqrt(list.length);
    }
  }
  return { data, d, base };
}

function summarise(data: ClustersData, seed: number): ExperimentSummary {
  const figures: Figure[] = [];
  const verdicts: Verdict[] = [];
  const sentences: string[] = [];
  const evidence: Record<string, Evidence> = {};
  const blocks: ViewBlock[] = [];
  const labels = data.prompts.map(({ label }) => label);
  const base = data.prompts.map((prompt) => prompt.base);
  const names = [...new Set(labels)].sort();
  for (const { name, clustering, plane } of data.views) {
    const first = figures.length;
    const compare = (measure: typeof adjustedRand, label: string, truth: readonly string[] = labels) => {
      const permuted = labelPermutation(truth, base, (shuffled) => measure(clustering.labels, shuffled), {
        random: seeded(seed, `${name}/${label}`),
        permutations: 500,
      });
      figures.push(
        toFigure({
          name: label,
          of: [name],
          estimate: permuted.estimate,
          low: Number.NaN,
          high: Number.NaN,
          n: labels.length,
          unit: label,
        }),
        toFigure({
          name: `${label}, permuted labels`,
          of: [name],
          estimate: permuted.mean,
          low: permuted.low,
          high: permuted.high,
          n: labels.length,
          unit: label,
        }),
      );
      return permuted;
    };
    const rand = compare(adjustedRand, "adjusted Rand");
    const mutual = compare(normalisedMutualInformation, "NMI");
    const roots = data.prompts.map(({ root, label }) => root ?? label);
    if (data.prompts.some(({ root, label }) => root !== null && root !== label)) {
      compare(adjustedRand, "adjusted Rand with the taxonomy's roots", roots);
    }
    const single = clustering.k === 1;
    const verdict = single
      ? "one cluster"
      : rand.p < 0.05 && rand.estimate > rand.high
        ? "follows the taxonomy"
        : "unrelated to the taxonomy";
    const because = single
      ? `no number of clusters is tighter than data without clusters (p ${clustering.p.toFixed(2)}), so that there is nothing to compare with the ${names.length} categories`
      : `${clustering.k} clusters by stability; adjusted Rand ${rand.estimate.toFixed(2)} against ${rand.low.toFixed(2)} to ${rand.high.toFixed(2)} under permuted labels (p ${rand.p.toFixed(3)}), NMI ${mutual.estimate.toFixed(2)}`.replaceAll(
          /-(?=\d)/g,
          "\u2212",
        );
    verdicts.push({
      of: [name],
      verdict,
      because,
      figures: figures.slice(first).map((_, i) => first + i),
      layer: data.layer,
    });
    const says = {
      "one cluster": "Refusals do not fall into clusters",
      "follows the taxonomy": "Refusals cluster as the taxonomy does",
      "unrelated to the taxonomy": "Refusals cluster, but not as the taxonomy does",
    };
    sentences.push(`${says[verdict]} by ${name}: ${because}.`);
    const clusters = [...new Set(clustering.labels)].sort((a, b) => a - b);
    for (const one of clusters) {
      evidence[`${name}/${one}`] = {
        title: `cluster ${one} by ${name}`,
        rows: data.prompts.flatMap(({ id, text, label }, i) =>
          clustering.labels[i] === one ? [{ id, prompt: text, outcomes: [], note: label }] : [],
        ),
      };
    }
    const cell = (one: number, label: string): ShownFigure => ({
      value: labels.filter((own, i) => own === label && clustering.labels[i] === one).length,
      n: labels.filter((own) => own === label).length,
      unit: "prompts",
      evidence: `${name}/${one}`,
    });
    blocks.push(
      {
        type: "matrix",
        title: `Clusters by ${name}`,
        caption: "Prompts of each category in each cluster.",
        unit: "prompts",
        rowLabel: "cluster",
        columnLabel: "category",
        rows: clusters.map((one) => ({ label: String(one), control: false })),
        columns: names,
        cells: clusters.map((one) => names.map((label) => cell(one, label))),
        scale: { min: 0, max: Math.max(1, ...names.map((label) => labels.filter((own) => own === label).length)) },
      },
      {
        type: "plane",
        title: `Refusals by ${name}`,
        caption: "First two principal coordinates; groups are the taxonomy's, labels name the cluster.",
        x: { label: "first coordinate", unit: "" },
        y: { label: "second coordinate", unit: "" },
        points: data.prompts.map(({ id, label }, i) => ({
          at: plane[i] ?? [0, 0],
          label: `${id}, cluster ${clustering.labels[i]}`,
          group: label,
          evidence: `${name}/${clustering.labels[i]}`,
        })),
        arrows: [],
      },
      {
        type: "lines",
        title: `How many clusters, by ${name}`,
        caption:
          "Stability: agreement of clusterings of overlapping resamples, beside that of normal data of the same covariance.",
        x: { label: "clusters", values: clustering.byK.map(({ k }) => k) },
        y: { label: "adjusted Rand between resamples", unit: "adjusted Rand", min: 0, max: 1 },
        series: [
          { label: "refusals", control: false, values: clustering.byK.map(({ stability }) => stability) },
          { label: "data without clusters", control: true, values: clustering.byK.map((one) => one.null) },
        ],
        marks: single ? [] : [{ x: clustering.k, label: "chosen" }],
        spans: [],
      },
    );
  }
  const notes = data.dropped > 0 ? [`${data.dropped} prompts are not refused and take no part.`] : [];
  return { figures, verdicts, sentences, notes, blocks, evidence };
}

/** Clusters refusals by activations and by replies, and compares them with the taxonomy's labels. */
export const clusters = defineExperiment({
  id: "clusters",
  label: "Clusters",
  describe: "Which kinds of refusal are there, by activations and by replies, and do they follow the taxonomy?",
  options: {
    prompts: {
      type: "prompt-sets",
      required: true,
      describe: "Prompts whose refusals are clustered; a prompt's category is its label.",
    },
    layer: {
      type: "integer",
      optional: true,
      min: 0,
      describe: "Layer of the activations; the middle of the model where absent.",
    },
    position: {
      type: "integer",
      default: -1,
      max: -1,
      describe: "Position of the activations, from the prompt's end.",
    },
    largest: { type: "integer", default: 8, min: 2, max: 20, describe: "Largest number of clusters tried." },
    replies: { type: "boolean", default: true, describe: "Cluster replies too." },
    split: { type: "choice", choices: ["test", "all"], default: "test", describe: "Which prompts take part." },
  },
  plan({ config, count }) {
    const n = config.prompts.reduce((sum, set) => sum + count(set, config.split === "test" ? "test" : undefined), 0);
    if (n < 20)
      throw refused(
        `prompts: ${config.prompts.join(", ")} have ${n} ${config.split === "test" ? "test " : ""}prompts; clusters need at least 20.`,
      );
    const unit: PlannedUnit = {
      id: "clusters",
      label: "clustering refusals",
      passes: 2 * n,
      replies: config.replies ? n : 0,
      input: {},
    };
    return [unit];
  },
  async execute(_, study, config) {
    const all: StudyPrompt[] = [];
    for (const set of config.prompts)
      all.push(...(await study.prompts(set)).filter(({ split }) => config.split === "all" || split === "test"));
    const results = await runLanes(
      study,
      all.map(({ ids }) => ({ ids, edits: NO_EDITS })),
      [],
      "last",
    );
    const prompts = all.filter((_, i) => firstTokenScore(results[i]?.logits ?? [], study.refusal.ids) > 0);
    if (new Set(prompts.map(({ base }) => base)).size < 10) {
      throw refused(
        `prompts: the model refuses ${prompts.length} of ${all.length} prompts; clusters need refusals of at least 10 base prompts.`,
      );
    }
    const layer = config.layer ?? Math.floor(firstPrunedLayer(study.engine.model.layers, 0.2) * 0.75);
    const stored = await captureActivations(study, prompts, { layers: [layer], positions: [config.position] });
    const sources: { name: string; of: Activations }[] = [
      { name: "activations", of: activationsAt(stored, layer, config.position) },
    ];
    if (config.replies) {
      const lanes = prompts.map(({ ids }) => ({ ids, edits: NO_EDITS }));
      const replies = (await runReplies(study, lanes, { maxNewTokens: 32 })).map(({ text }) => text);
      const base = prompts.map((prompt) => prompt.base);
      sources.push({ name: "replies", of: wordCounts(replies, base) });
    }
    const data: ClustersData = {
      layer,
      position: config.position,
      prompts: prompts.map(({ id, text, base, category, set }) => ({
        id,
        text,
        base,
        label: category ?? set,
        root: study.taxonomy ? rootOf(study.taxonomy, category ?? set) : null,
      })),
      dropped: all.length - prompts.length,
      views: sources.map(({ name, of }): View => {
        const { coordinates } = principalCoordinates(of);
        return {
          name,
          clustering: cluster(of, { random: seeded(study.seed, name), largest: config.largest }),
          plane: prompts.map((_, i) => [coordinates.get(i, 0), coordinates.columns > 1 ? coordinates.get(i, 1) : 0]),
        };
      }),
    };
    return { ...data };
  },
  summarise: ({ results, seed }) => summarise([...results.values()][0] as UnitData & ClustersData, seed),
});
