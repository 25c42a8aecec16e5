import type { Evidence, ExperimentSummary, Figure, Verdict } from "../../../shared/plugin/result-document.ts";
import type { ForestBlock, ShownFigure, ViewBlock } from "../../../shared/plugin/view-block.ts";
import { centredWithin, partialCorrelation, pearson } from "../../statistics/correlation.ts";
import { kendallW } from "../../statistics/kendall-w.ts";
import { ranks } from "../../statistics/ranks.ts";
import { inWords, shown } from "../study/intervals.ts";
import { toFigure } from "../study/to-figure.ts";
import type { ReplyRow } from "./reply-row.ts";
import { change, correlation, refusalChange } from "./reward-figures.ts";

interface Settings {
  rewards: readonly string[];
  conditions: readonly string[];
  bound: number;
  seed: number;
}

/** A change of the refusal rate below it is no movement. */
const MOVES = 0.1;

function deviation(values: readonly number[]): number {
  const centre = values.reduce((sum, x) => sum + x, 0) / values.length;
  return Math.sqrt(values.reduce((sum, x) => sum + (x - centre) ** 2, 0) / Math.max(1, values.length - 1));
}

interface Moved {
  condition: string;
  refusal: Figure;
  reward: Figure;
}

function judge(moves: readonly Moved[], bound: number): { verdict: string; because: string } {
  const moving = moves.filter(({ refusal }) => (refusal.low ?? -1) > MOVES || (refusal.high ?? 1) < -MOVES);
  if (moving.length === 0)
    return {
      verdict: "undecided",
      because: "no condition moves refusal, so that nothing can be said of what moves with it",
    };
  const inside = moving.filter(({ reward }) => (reward.low ?? -1e9) > -bound && (reward.high ?? 1e9) < bound);
  const words = moving
    .map(({ condition, refusal, reward }) => `${condition}: refusal ${inWords(refusal)}, reward ${inWords(reward)}`)
    .join("; ");
  if (inside.length > 0) {
    return {
      verdict: "separable",
      because: `${inside.map(({ condition }) => condition).join(", ")} moves refusal and leaves the reward within \u00b1${bound.toFixed(2)} (${words})`,
    };
  }
  const signs = new Set(
    moving.map(
      ({ refusal, reward }) =>
        ((reward.low ?? -1) > 0 ? 1 : (reward.high ?? 1) < 0 ? -1 : 0) * Math.sign(refusal.estimate ?? 0),
    ),
  );
  if (signs.size === 1 && !signs.has(0))
    return {
      verdict: "entangled",
      because: `it moves with refusal, in the same sense, under every condition that moves refusal (${words})`,
    };
  return {
    verdict: "undecided",
    because: `${words}; the intervals neither lie within \u00b1${bound.toFixed(2)} nor all beyond 0: more prompts or samples would narrow them`,
  };
}

export function summariseRewards(rows: readonly ReplyRow[], settings: Settings): ExperimentSummary {
  const { rewards, conditions, seed } = settings;
  const figures: Figure[] = [];
  const verdicts: Verdict[] = [];
  const sentences: string[] = [];
  const notes: string[] = [];
  const refusal = rows.map(({ refused }) => Number(refused));
  const length = rows.map((row) => row.length);
  const forest: ForestBlock = {
    type: "forest",
    title: "What each condition changes",
    caption: "Changes from the baseline, reply by reply with the same seed; rewards in standard deviations.",
    unit: "change",
    reference: 0,
    rows: [],
  };
  const refusalChanges = new Map(conditions.map((condition) => [condition, refusalChange(rows, condition)]));
  figures.push(...refusalChanges.values());
  for (const [condition, figure] of refusalChanges)
    forest.rows.push({ label: "refusal rate", group: condition, control: false, figure: shown(figure, condition) });
  const correlations: { cells: (string | ShownFigure)[] }[] = [];
  for (const reward of rewards) {
    const first = figures.length;
    const values = rows.map((row) => row.rewards[reward] ?? Number.NaN);
    const spread = deviation(values);
    const moves = conditions.map((condition): Moved => {
      const figure = change(
        rows,
        condition,
        (row) => (row.rewards[reward] ?? Number.NaN) / spread,
        "change of reward",
        [reward, condition],
        "sd",
        seed,
      );
      return { condition, refusal: refusalChanges.get(condition) as Figure, reward: figure };
    });
    figures.push(...moves.map((move) => move.reward));
    for (const { condition, reward: figure } of moves)
      forest.rows.push({ label: reward, group: condition, control: false, figure: shown(figure, condition) });
    const { verdict, because } = judge(moves, settings.bound);
    // Spearman: ranks over all replies, centred within prompt; and within prompt and condition, where sampling alone varies.
    const within = (groups: readonly string[], name: string) => {
      const [x, y] = [centredWithin(ranks(refusal), groups), centredWithin(ranks(values), groups)];
      return correlation(
        name,
        [reward],
        rows,
        (at) =>
          pearson(
            at.map((i) => x[i] ?? 0),
            at.map((i) => y[i] ?? 0),
          ),
        seed,
      );
    };
    const byPrompt = within(
      rows.map((row) => row.prompt),
      "correlation with refusal within prompts",
    );
    const byCell = within(
      rows.map((row) => `${row.prompt}/${row.condition}`),
      "correlation with refusal within prompt and condition",
    );
    const groups = rows.map((row) => row.prompt);
    const [x, y, z] = [
      centredWithin(ranks(refusal), groups),
      centredWithin(ranks(values), groups),
      centredWithin(ranks(length), groups),
    ];
    const partial = correlation(
      "partial correlation, reply length held",
      [reward],
      rows,
      (at) =>
        partialCorrelation(
          at.map((i) => x[i] ?? 0),
          at.map((i) => y[i] ?? 0),
          [at.map((i) => z[i] ?? 0)],
        ),
      seed,
    );
    figures.push(byPrompt, byCell, partial);
    const varies = byCell.estimate === null ? { ...byCell, why: "no prompt's samples differ in refusal" } : byCell;
    correlations.push({ cells: [reward, verdict, shown(byPrompt), shown(varies), shown(partial)] });
    verdicts.push({ of: [reward], verdict, because, figures: figures.slice(first).map((_, i) => first + i) });
    const says: Record<string, string> = {
      entangled: "is entangled with refusal",
      separable: "comes apart from refusal",
      undecided: "is undecided",
    };
    sentences.push(`${reward} ${says[verdict] ?? ""}: ${because}.`);
  }
  const scorers = [refusal, ...rewards.map((reward) => rows.map((row) => row.rewards[reward] ?? 0))];
  const agreement = kendallW(scorers);
  figures.push(
    toFigure({
      name: "Kendall's W",
      of: ["refusal", ...rewards],
      estimate: agreement,
      low: Number.NaN,
      high: Number.NaN,
      n: rows.length,
      unit: "W",
    }),
  );
  const baseline = Map.groupBy(
    rows.filter(({ condition }) => condition === "baseline"),
    ({ prompt }) => prompt,
  );
  const still = [...baseline.values()].filter(
    (group) => new Set(group.map(({ refused }) => refused)).size === 1,
  ).length;
  notes.push(`${still} of ${baseline.size} prompts have no variation in refusal at baseline.`);
  const ranked = scorers.map((scores) => ranks(scores));
  // Samples of one prompt that came out alike are one row.
  const disagreement = new Map(
    rows.map((row, i) => {
      const own = ranked.map((scores) => scores[i] ?? 0);
      const key = `${row.prompt}/${row.condition}/${row.reply}`;
      return [key, { row, spread: Math.max(...own) - Math.min(...own) }] as const;
    }),
  );
  const evidence: Record<string, Evidence> = {};
  for (const condition of ["baseline", ...conditions]) {
    const here = rows.filter((row) => row.condition === condition && row.sample === 0);
    evidence[condition] = {
      title: `First replies under ${condition}`,
      rows: here.map((row) => ({
        id: row.prompt,
        prompt: row.text,
        outcomes: [{ condition, reply: row.reply, score: null, class: row.refused ? "refusal" : "compliance" }],
        note: Object.entries(row.rewards)
          .map(([name, value]) => `${name} ${value.toFixed(2)}`)
          .join(", "),
      })),
    };
  }
  const blocks: ViewBlock[] = [
    forest,
    {
      type: "table",
      title: "Correlation with refusal",
      caption: "Spearman, centred; bootstrap over prompts.",
      columns: ["reward", "verdict", "within prompts", "within prompt and condition", "reply length held"].map(
        (label) => ({ label }),
      ),
      rows: correlations,
    },
    {
      type: "table",
      title: "Where the ensemble disagrees most",
      columns: [
        { label: "prompt" },
        { label: "condition" },
        { label: "reply" },
        { label: "refused" },
        ...rewards.map((label) => ({ label })),
      ],
      rows: [...disagreement.values()]
        .sort((a, b) => b.spread - a.spread)
        .slice(0, 10)
        .map(({ row }) => ({
          cells: [
            row.text,
            row.condition,
            row.reply,
            row.refused ? "yes" : "no",
            ...rewards.map((name) => ({ value: row.rewards[name] ?? null })),
          ],
        })),
    },
  ];
  return { figures, verdicts, sentences, notes, blocks, evidence };
}
