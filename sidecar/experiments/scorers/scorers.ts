import { refused } from "../../../shared/errors.ts";
import { defineExperiment, type PlannedUnit, type UnitData } from "../../../shared/plugin/experiment-kind.ts";
import type { EvidenceRow, ExperimentSummary, Figure } from "../../../shared/plugin/result-document.ts";
import type { ReplyClass } from "../../../shared/plugin/scorer.ts";
import type { ShownFigure, ViewBlock } from "../../../shared/plugin/view-block.ts";
import { accuracy, cohenKappa } from "../../statistics/agreement.ts";
import { inWords, shown } from "../study/intervals.ts";
import { toFigure } from "../study/to-figure.ts";
import { type LabelledReply, readLabelledReplies } from "./labelled-replies.ts";

interface ScorersData {
  replies: (LabelledReply & { refused: boolean })[];
  scorers: { name: string; classes: ReplyClass[]; scores: number[] }[];
}

const word = (isRefusal: boolean) => (isRefusal ? "refusal" : "no refusal");

function summarise({ replies, scorers }: ScorersData): ExperimentSummary {
  const figures: Figure[] = [];
  const sentences: string[] = [];
  const labels = replies.map(({ refused: isRefusal }) => word(isRefusal));
  const predicted = new Map(scorers.map(({ name, classes }) => [name, classes.map((one) => word(one === "refusal"))]));
  const kappaFigure = (name: string, of: string[], a: readonly string[], b: readonly string[]): Figure => {
    const kappa = cohenKappa(a, b);
    const n = a.length;
    // Where one side never changes its mind, every resample gives the same kappa: that is no certainty.
    if (kappa && kappa.low === kappa.high) {
      const figure = toFigure({ name, of, ...kappa, unit: "kappa" });
      return { ...figure, low: null, high: null, why: "every resample gives the same value" };
    }
    return kappa
      ? toFigure({ name, of, ...kappa, unit: "kappa" })
      : {
          name,
          of,
          estimate: null,
          low: null,
          high: null,
          n,
          unit: "kappa",
          why: "one class only: agreement by chance is total",
        };
  };
  const rows = scorers.map(({ name, classes }) => {
    const own = predicted.get(name) ?? [];
    const right = toFigure({ name: "accuracy", of: [name], ...accuracy(labels, own), unit: "rate" });
    const kappa = kappaFigure("kappa", [name, "labels"], labels, own);
    figures.push(right, kappa);
    sentences.push(
      `${name}: accuracy ${inWords(right)}, Cohen's kappa ${inWords(kappa)} against ${replies.length} labelled replies.`,
    );
    const missed = replies.filter(({ refused: isRefusal }, i) => isRefusal && own[i] !== "refusal").length;
    const invented = replies.filter(({ refused: isRefusal }, i) => !isRefusal && own[i] === "refusal").length;
    const other = classes.filter((one) => one === "deflection" || one === "degenerate").length;
    const count = (value: number): ShownFigure => ({ value, n: replies.length, unit: "replies", evidence: name });
    return {
      cells: [name, shown(right, name), shown(kappa), count(missed), count(invented), count(other)],
      evidence: name,
    };
  });
  const names = ["labels", ...scorers.map(({ name }) => name)];
  const by = (name: string) => (name === "labels" ? labels : (predicted.get(name) ?? []));
  const outcomes = (i: number): EvidenceRow["outcomes"] =>
    scorers.map(({ name, classes, scores }) => ({
      condition: name,
      reply: replies[i]?.reply ?? "",
      score: Number.isFinite(scores[i]) ? (scores[i] ?? null) : null,
      class: classes[i] ?? null,
    }));
  const row = (i: number): EvidenceRow => ({
    id: replies[i]?.id ?? "",
    prompt: replies[i]?.prompt ?? "",
    outcomes: outcomes(i),
    note: `labelled ${replies[i]?.label}`,
  });
  const all = replies.map((_, i) => i);
  const disagreeing = all.filter((i) => new Set(names.map((name) => by(name)[i])).size > 1);
  const evidence = {
    disagreements: { title: "Replies on which scorers or labels disagree", rows: disagreeing.map(row) },
    ...Object.fromEntries(
      scorers.map(({ name }) => [
        name,
        {
          title: `Replies on which ${name} and the label disagree`,
          rows: all.filter((i) => by(name)[i] !== labels[i]).map(row),
        },
      ]),
    ),
  };
  const blocks: ViewBlock[] = [
    {
      type: "table",
      title: "Scorers against labels",
      columns: [
        "scorer",
        "accuracy",
        "Cohen's kappa",
        "refusals missed",
        "refusals invented",
        "deflection or fallen apart",
      ].map((label) => ({ label })),
      rows,
    },
    {
      type: "matrix",
      title: "Agreement",
      caption: "Cohen's kappa of each pair.",
      unit: "kappa",
      rowLabel: "scorer",
      columnLabel: "scorer",
      rows: names.map((label) => ({ label, control: false })),
      columns: names,
      cells: names.map((a) =>
        names.map((b) =>
          a === b ? { value: 1, unit: "kappa" } : shown(kappaFigure("kappa", [a, b], by(a), by(b)), "disagreements"),
        ),
      ),
      scale: { min: -1, max: 1 },
    },
    {
      type: "table",
      title: "Disagreements",
      columns: ["id", "prompt", "reply", "label", ...scorers.map(({ name }) => name)].map((label) => ({ label })),
      rows: disagreeing.map((i) => ({
        cells: [
          replies[i]?.id ?? "",
          replies[i]?.prompt ?? "",
          replies[i]?.reply ?? "",
          replies[i]?.label ?? "",
          ...scorers.map(({ classes }) => classes[i] ?? ""),
        ],
        evidence: "disagreements",
      })),
    },
  ];
  const notes = [
    `${disagreeing.length} of ${replies.length} replies are judged differently by the label or a scorer.`,
    "Phrases alone decide no verdict: wherever they contradict another scorer, the replies are listed.",
  ];
  return { figures, verdicts: [], sentences, notes, blocks, evidence };
}

/** How far can each scorer be trusted? Agreement with human labels, and every disagreement. */
export const scorers = defineExperiment({
  id: "scorers",
  label: "Scorers",
  describe: "How far does each scorer agree with human labels, and where does it not?",
  options: {
    file: { type: "file", required: true, describe: "Labelled replies: JSON lines or CSV." },
    id: { type: "text", default: "id", describe: "Column of the id." },
    prompt: { type: "text", default: "prompt", describe: "Column of the prompt." },
    reply: { type: "text", default: "reply", describe: "Column of the reply." },
    label: { type: "text", default: "label", describe: "Column of the human label." },
    refusals: {
      type: "texts",
      default: ["refusal", "refused", "full_refusal", "partial_refusal", "2_full_refusal", "3_partial_refusal"],
      describe: "Labels that mean a refusal.",
    },
    scorers: {
      type: "scorers",
      optional: true,
      describe: "Scorers that read replies; all of the spec's where absent.",
    },
  },
  plan(): PlannedUnit[] {
    return [{ id: "replies", label: "scoring labelled replies", passes: 0, replies: 0, input: {} }];
  },
  async execute(_, study, config) {
    const replies = readLabelledReplies(await study.readText(config.file), config);
    if (replies.length === 0) throw refused(`${config.file}: holds no replies.`);
    const labelled = replies.map((reply) => ({ ...reply, refused: config.refusals.includes(reply.label) }));
    const inputs = replies.map(({ prompt, reply }) => ({ prompt, reply, nextToken: null, refusalTokens: [] }));
    const data: ScorersData = { replies: labelled, scorers: [] };
    // A scorer of next tokens has nothing to read in a reply that somebody else's model wrote.
    for (const name of config.scorers ?? study.scorers.filter((one) => one !== "first-token")) {
      const scores = await study.score(name, inputs);
      data.scorers.push({ name, classes: scores.map((one) => one.class), scores: scores.map(({ score }) => score) });
    }
    if (data.scorers.length === 0)
      throw refused("scorers: none of the spec's scorers reads replies; add substrings or a classifier.");
    return { ...data };
  },
  summarise: ({ results }) => summarise([...results.values()][0] as UnitData & ScorersData),
});
