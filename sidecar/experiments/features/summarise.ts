import type { Evidence, ExperimentSummary, Figure, Verdict } from "../../../shared/plugin/result-document.ts";
import { pairedContrast } from "../../statistics/paired-contrast.ts";
import { evidenceOf } from "../study/evidence.ts";
import { inWords } from "../study/intervals.ts";
import { effects, featureTable, overlapTable, profile } from "./blocks.ts";
import {
  columnsOn,
  controlsOf,
  drop,
  type FeaturesData,
  type Judged,
  type LayerFeatures,
  outcome,
  type Settings,
} from "./layer-features.ts";
import type { SetOverlap } from "./overlaps.ts";

/** Figures and verdicts by component and layer; the headline is the layer at which the weakest of the own effects is largest. */
export function summariseFeatures(all: readonly FeaturesData[], config: Settings): ExperimentSummary {
  const layers = all.filter((data): data is LayerFeatures => data.absent !== true);
  const gaps = all.filter(({ absent }) => absent === true).map(({ layer }) => layer);
  const notes =
    gaps.length > 0 ? [`The suite has no dictionary at ${gaps.map((layer) => `layer ${layer}`).join(", ")}.`] : [];
  if (layers.length === 0) {
    return {
      figures: [],
      verdicts: [],
      sentences: ["No layer that was asked for has a dictionary."],
      notes,
      blocks: [],
      evidence: {},
    };
  }
  const judged = layers.map((data) => config.components.map((_, k) => judge(data, k, config)));
  const strength = (at: number) => Math.min(...(judged[at] ?? []).map(({ own }) => own.estimate ?? 0));
  const best = layers.reduce((most, _, at) => (strength(at) > strength(most) ? at : most), 0);
  const headline = layers[best] as LayerFeatures;
  const figures: Figure[] = [];
  const verdicts: Verdict[] = [];
  const sentences: string[] = [];
  const evidence: Record<string, Evidence> = {};
  for (const [k, name] of config.components.entries()) {
    const one = judged[best]?.[k] as Judged;
    const first = figures.length;
    figures.push(...one.figures);
    verdicts.push({
      of: [name],
      verdict: one.verdict,
      because: one.because,
      figures: one.figures.map((_, i) => first + i),
      layer: headline.layer,
      byLayer: layers.map(({ layer }, at) => ({ layer, verdict: judged[at]?.[k]?.verdict ?? "undecided" })),
    });
    sentences.push(sentence(name, headline, k, one));
    const impossible = layers.filter((_, at) => at !== best && judged[at]?.[k]?.verdict === "not found");
    if (impossible.length > 0) {
      notes.push(
        `${name}: at ${impossible.map(({ layer }) => `layer ${layer}`).join(", ")} no set of at most the features tried takes down what the direction there does: the dictionary cannot do it.`,
      );
    }
    evidence[name] = evidenceOf(`Features of ${name} ablated at ${headline.at}`, headline.prompts, [
      outcome(headline, "baseline"),
      outcome(headline, `features/${name}`),
      outcome(headline, `direction/${name}`),
    ]);
  }
  for (const { of, shared, cosines, random, directions } of headline.overlaps) {
    const names = of.map((k) => config.components[k] ?? "");
    const n = of.reduce((sum, k) => sum + (headline.components[k]?.chosen.length ?? 0), 0);
    const common = { of: names, low: null, high: null, n, layer: headline.layer };
    figures.push({ ...common, name: "features in both sets", estimate: shared, unit: "features" });
    figures.push({
      ...common,
      name: "largest principal cosine of the sets",
      estimate: cosines[0] ?? null,
      unit: "cosine",
    });
    figures.push({
      ...common,
      name: "largest principal cosine of random sets of the same density",
      estimate: random.length === 0 ? null : Math.max(...random),
      unit: "cosine",
    });
    figures.push({ ...common, name: "cosine of the directions there", estimate: directions, unit: "cosine" });
    sentences.push(geometrySentence(names, { shared, cosines, random, directions }));
  }
  const blocks = [
    effects(headline, config),
    featureTable(headline),
    ...(headline.overlaps.length > 0 ? [overlapTable(headline, config)] : []),
    profile(layers, judged, config),
  ];
  return { figures, verdicts, sentences, notes, blocks, evidence };
}

function judge(data: LayerFeatures, k: number, { absentBelow, others: further }: Settings): Judged {
  const component = data.components[k] as LayerFeatures["components"][number];
  const { name, set } = component;
  const mine = `features/${name}`;
  const own = drop(data, "effect", [name, set], mine, set);
  const direction = drop(data, "effect of the direction", [name, set], `direction/${name}`, set);
  const controls = controlsOf(data, name).map((control, c) => ({
    figure: drop(data, "effect of random features of the same density", [`${name} ${c + 1}`, set], control, set),
    control,
  }));
  const others = data.components.filter((_, other) => other !== k);
  const cross = others.map((other) => ({ other, figure: drop(data, "effect", [name, other.set], mine, other.set) }));
  const transfer = further.map((other) => drop(data, "effect", [name, other], mine, other));
  const figures = [
    own,
    direction,
    ...controls.map(({ figure }) => figure),
    ...cross.map(({ figure }) => figure),
    ...transfer,
  ];
  const above = controls.every(({ control }) => {
    const { columns, base } = columnsOn(data, set, [control, mine]);
    return pairedContrast(columns, [1, -1], base).low > 0;
  });
  const words = `ablating ${component.chosen.length === 1 ? "1 feature" : `${component.chosen.length} features`} takes down ${inWords(own)} of ${set}, the direction there ${inWords(direction)}, random features of the same density ${controls.map(({ figure }) => inWords(figure)).join(", ")}`;
  if (component.chosen.length === 0 || (own.low ?? 0) <= 0 || !above) {
    const possible = (direction.low ?? 0) > 0.2;
    return {
      verdict: possible ? "not found" : "undecided",
      because: possible
        ? `${words}: the dictionary cannot do here what the direction does; its features write ${percent(component.explained)} of the difference between refused and complied prompts`
        : `${words}: neither is enough at this one place`,
      figures,
      own,
    };
  }
  // An effect on another category is held against what that category's own features do there.
  const compared = cross.map(({ other, figure }) => {
    const { columns, base } = columnsOn(data, other.set, ["baseline", mine, `features/${other.name}`]);
    const contrast = pairedContrast(columns, [1 - absentBelow, -1, absentBelow], base);
    return { set: other.set, figure, absent: contrast.high < 0, present: contrast.low > 0 };
  });
  const rest = compared.map((one) => `${inWords(one.figure)} of ${one.set}`).join(", ");
  const beyond = transfer.map((figure) => `${inWords(figure)} of ${figure.of[1]}`).join(", ");
  const because = [
    words,
    ...(rest === "" ? [] : [`of the others it takes down ${rest}`]),
    ...(beyond === "" ? [] : [`of categories without a set of their own ${beyond}`]),
  ].join("; ");
  if (compared.some(({ present }) => present)) return { verdict: "shared", because, figures, own };
  if (compared.every(({ absent }) => absent)) return { verdict: "own category only", because, figures, own };
  const open = compared.filter(({ absent }) => !absent).map((one) => one.set);
  return {
    verdict: "undecided",
    because: `${because}; whether the effect on ${open.join(", ")} is absent needs more test prompts`,
    figures,
    own,
  };
}

function percent(share: number): string {
  return `${Math.round(100 * share)}%`;
}

function sentence(name: string, data: LayerFeatures, k: number, { verdict, because }: Judged): string {
  const listed = data.components[k]?.chosen.map(({ feature }) => `#${feature}`).join(", ") ?? "";
  switch (verdict) {
    case "own category only":
      return `${name} is carried at ${data.at} by features of its own (${listed}): ${because}.`;
    case "shared":
      return `The features of ${name} at ${data.at} (${listed}) carry other categories too: ${because}.`;
    case "not found":
      return `The dictionary at ${data.at} cannot carry ${name}: ${because}.`;
    case "undecided":
      return `Whether features at ${data.at} carry ${name} is undecided: ${because}.`;
  }
}
function geometrySentence(
  [a = "", b = ""]: readonly string[],
  { shared, cosines, random, directions }: Omit<SetOverlap, "of">,
): string {
  const number = (value: number) => value.toFixed(2).replace("-", "\u2212");
  const chance = random.length === 0 ? "" : ` (random sets of the same density: ${random.map(number).join(", ")})`;
  const both = shared === 1 ? "1 feature is" : `${shared === 0 ? "no feature is" : `${shared} features are`}`;
  return `Of the sets of ${a} and ${b} ${both} in both; what they write is alike by a cosine of at most ${number(cosines[0] ?? 0)}${chance}, the directions there by ${number(directions)}.`;
}
