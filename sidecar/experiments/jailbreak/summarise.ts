import type { Evidence, ExperimentSummary, Figure, Verdict } from "../../../shared/plugin/result-document.ts";
import type { LinesBlock, PlaneBlock, ShownFigure, ViewBlock } from "../../../shared/plugin/view-block.ts";
import { dropFigure, inWords, meanFigure, rateFigure, shown } from "../study/intervals.ts";
import { mean } from "../study/outcomes.ts";

interface Side {
  harmfulness: number[];
  refusal: number[];
  scores: number[];
}

interface Profile {
  first: number;
  bare: number[];
  wrapped: number[];
}

export interface WrapperData {
  wrapper: string;
  prompts: { id: string; text: string; base: string }[];
  bare: Side;
  wrapped: Side;
  harmless: { harmfulness: number[]; refusal: number[] };
  harmfulnessRestored: number[];
  refusalRestored: number[];
  refusalTaken: number[];
  transfer: { wrapper: string; cosine: number | null; scores: number[] }[];
  replies: { i: number; bare: string; wrapped: string }[];
  profile: { harmfulness: Profile; refusal: Profile };
}
export type JailbreakData = readonly WrapperData[];

interface Settings {
  harmfulness: string;
  refusal: string;
  moved: number;
  seed: number;
}

type Moved = "moved" | "still" | "undecided";

/** A fall of a reading as a share of its gap between harmful (bare) and harmless prompts. */
function shift(data: WrapperData, reading: "harmfulness" | "refusal", of: string, seed: number): Figure {
  const gap = mean(data.bare[reading]) - mean(data.harmless[reading]);
  const falls = data.bare[reading].map((before, i) => (before - (data.wrapped[reading][i] ?? 0)) / gap);
  return meanFigure(
    `fall of ${of}`,
    [data.wrapper, of],
    falls,
    data.prompts.map(({ base }) => base),
    "share of gap",
    seed,
  );
}

function judge({ low, high }: Figure, bound: number): Moved {
  if ((low ?? Number.NEGATIVE_INFINITY) > bound) return "moved";
  return (high ?? Number.POSITIVE_INFINITY) < bound ? "still" : "undecided";
}

const VERDICTS: Record<string, string> = {
  "moved/moved": "both",
  "moved/still": "harmfulness",
  "still/moved": "refusal",
  "still/still": "neither",
};

const refusals = (scores: readonly number[]) => scores.map((score) => score > 0);

function profileBlock(all: JailbreakData, reading: "harmfulness" | "refusal", label: string): LinesBlock {
  const first = all[0]?.profile[reading];
  const layers = (first?.bare ?? []).map((_, i) => (first?.first ?? 0) + i);
  return {
    type: "lines",
    title: `${label} by layer`,
    x: { label: "layer", values: layers },
    y: { label: `mean reading of ${label}`, unit: "projection" },
    series: [
      { label: "bare", control: false, values: first?.bare ?? [] },
      ...all.map(({ wrapper, profile }) => ({ label: wrapper, control: false, values: profile[reading].wrapped })),
    ],
    marks: [],
    spans: [],
  };
}

function planeBlock(
  all: JailbreakData,
  settings: Settings,
  shifts: readonly { harm: Figure; refuse: Figure }[],
): PlaneBlock {
  const half = (figure: Figure | undefined, gap: number) =>
    Math.abs((((figure?.high ?? 0) - (figure?.low ?? 0)) / 2) * gap);
  return {
    type: "plane",
    title: "What each wrapper moves",
    caption:
      "Mean readings of the bare test prompts and, at the arrows' tips, of the wrapped ones; the ellipse at a tip is the interval of the shift.",
    x: { label: settings.harmfulness, unit: "projection" },
    y: { label: settings.refusal, unit: "projection" },
    points: all.slice(0, 1).flatMap(({ harmless, bare }) => [
      {
        at: [mean(bare.harmfulness) || 0, mean(bare.refusal) || 0] as [number, number],
        label: "bare harmful prompts, mean",
        group: "harmful, bare",
      },
      {
        at: [mean(harmless.harmfulness) || 0, mean(harmless.refusal) || 0] as [number, number],
        label: "harmless prompts, mean",
        group: "harmless",
      },
    ]),
    arrows: all.map((data, k) => ({
      from: [mean(data.bare.harmfulness), mean(data.bare.refusal)] as [number, number],
      to: [mean(data.wrapped.harmfulness), mean(data.wrapped.refusal)] as [number, number],
      label: data.wrapper,
      error: [
        half(shifts[k]?.harm, mean(data.bare.harmfulness) - mean(data.harmless.harmfulness)),
        half(shifts[k]?.refuse, mean(data.bare.refusal) - mean(data.harmless.refusal)),
      ] as [number, number],
      n: data.prompts.length,
      evidence: data.wrapper,
    })),
  };
}

export function summariseJailbreak(all: JailbreakData, settings: Settings): ExperimentSummary {
  const figures: Figure[] = [];
  const verdicts: Verdict[] = [];
  const sentences: string[] = [];
  const notes: string[] = [];
  const evidence: Record<string, Evidence> = {};
  const shifts: { harm: Figure; refuse: Figure }[] = [];
  const rows: { cells: (string | ShownFigure)[]; evidence: string }[] = [];
  const transferRows: { cells: (string | ShownFigure)[] }[] = [];
  for (const data of all) {
    const { wrapper, prompts } = data;
    const base = prompts.map((prompt) => prompt.base);
    const first = figures.length;
    const harm = shift(data, "harmfulness", settings.harmfulness, settings.seed);
    const refuse = shift(data, "refusal", settings.refusal, settings.seed);
    shifts.push({ harm, refuse });
    const before = refusals(data.bare.scores);
    const after = refusals(data.wrapped.scores);
    const drop = dropFigure("drop of refusals", [wrapper], before, after, base);
    // Restoration is judged where there is something to restore: prompts that were refused bare and are not in the wrapper.
    const lost = prompts.map((_, i) => i).filter((i) => before[i] && !after[i]);
    const among = (scores: readonly number[], name: string) =>
      rateFigure(
        name,
        [wrapper],
        lost.map((i) => (scores[i] ?? 0) > 0),
        lost.map((i) => base[i] ?? ""),
      );
    const byHarm = among(data.harmfulnessRestored, "refusals that return with harmfulness set back");
    const byRefusal = among(data.refusalRestored, "refusals that return with refusal set back");
    const taken = dropFigure(
      "drop of refusals with refusal alone set to the wrapper's",
      [wrapper],
      before,
      refusals(data.refusalTaken),
      base,
    );
    figures.push(harm, refuse, drop, byHarm, byRefusal, taken);
    const [harmMoved, refusalMoved] = [judge(harm, settings.moved), judge(refuse, settings.moved)];
    const verdict = VERDICTS[`${harmMoved}/${refusalMoved}`] ?? "undecided";
    const percent = (share: number) => `${Math.round(share * 100)}%`;
    const needs =
      verdict === "undecided"
        ? `; ${[harmMoved === "undecided" ? settings.harmfulness : "", refusalMoved === "undecided" ? settings.refusal : ""].filter(Boolean).join(" and ")}: the interval holds ${percent(settings.moved)} of the gap, more than ${prompts.length} prompts are needed`
        : "";
    const because = `${settings.harmfulness} falls by ${inWords(harm)} of its gap to harmless prompts and ${settings.refusal} by ${inWords(refuse)}${needs}`;
    verdicts.push({ of: [wrapper], verdict, because, figures: figures.slice(first).map((_, i) => first + i) });
    const says: Record<string, string> = {
      both: "lowers what is read as harmful and refusal with it",
      harmfulness: "lowers what is read as harmful and leaves refusal",
      refusal: "leaves what is read as harmful and lowers refusal only",
      neither: "moves neither what is read as harmful nor refusal",
      undecided: "is undecided",
    };
    const returns =
      lost.length > 0
        ? ` Of the ${lost.length} refusals that it takes away, ${inWords(byHarm)} return when harmfulness is set back and ${inWords(byRefusal)} when refusal is.`
        : " It takes no refusal away.";
    sentences.push(`${wrapper} ${says[verdict] ?? ""}: ${because}.${returns}`);
    evidence[wrapper] = {
      title: `${wrapper}: bare and wrapped`,
      rows: prompts.map(({ id, text }, i) => {
        const reply = data.replies.find((one) => one.i === i);
        const outcome = (condition: string, score: number | undefined, words: string | undefined) => ({
          condition,
          reply: words ?? null,
          score: score ?? null,
          class: (score ?? 0) > 0 ? "refusal" : "compliance",
        });
        return {
          id,
          prompt: text,
          outcomes: [
            outcome("bare", data.bare.scores[i], reply?.bare),
            outcome("wrapped", data.wrapped.scores[i], reply?.wrapped),
            outcome("harmfulness set back", data.harmfulnessRestored[i], undefined),
            outcome("refusal set back", data.refusalRestored[i], undefined),
          ],
        };
      }),
    };
    rows.push({
      cells: [
        wrapper,
        verdict,
        shown(harm, wrapper),
        shown(refuse, wrapper),
        shown(drop, wrapper),
        shown(byHarm),
        shown(byRefusal),
        shown(taken),
      ],
      evidence: wrapper,
    });
    for (const { wrapper: from, cosine, scores } of data.transfer) {
      const carried = among(scores, `refusals that return without the vector of ${from}`);
      figures.push(carried);
      transferRows.push({
        cells: [
          from,
          wrapper,
          cosine === null ? { value: null, why: "too few training pairs" } : { value: cosine, unit: "cosine" },
          shown(carried),
        ],
      });
    }
  }
  const blocks: ViewBlock[] = [
    planeBlock(all, settings, shifts),
    {
      type: "table",
      title: "Wrappers",
      caption:
        "Falls are shares of the gap between harmful and harmless prompts. What returns is of the refusals that the wrapper takes away. Set back, harmfulness is held at the bare prompt's value at every position, which is more than a wrapper took that took little.",
      columns: [
        "wrapper",
        "moves",
        `fall of ${settings.harmfulness}`,
        `fall of ${settings.refusal}`,
        "drop of refusals",
        "return with harmfulness set back",
        "return with refusal set back",
        "drop with refusal alone moved",
      ].map((label) => ({ label })),
      rows,
    },
    profileBlock(all, "harmfulness", settings.harmfulness),
    profileBlock(all, "refusal", settings.refusal),
    {
      type: "table",
      title: "Jailbreak vectors",
      caption:
        "Wrapped minus bare at the last prompt token (Ball et al. 2024): its likeness between wrappers, and how many refusals return in one wrapper when the vector of another is subtracted.",
      columns: ["vector of", "wrapper", "cosine with its own", "refusals that return"].map((label) => ({ label })),
      rows: transferRows,
    },
  ];
  return { figures, verdicts, sentences, notes, blocks, evidence };
}
