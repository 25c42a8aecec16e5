import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import type { ResultDocument } from "../../../shared/plugin/result-document.ts";
import { executeRun } from "../../../sidecar/runs/execute-run.ts";
import { reportHtml } from "../../../sidecar/runs/write-report.ts";
import { toyFolder, toyRequest, toySpec, toyTools } from "../../support/toy-study.ts";

/** Two rewards of known entanglement: one is the refusal itself, one hears the wording alone. */
const REWARDS = `export default { name: "rewards", scorers: [
  { id: "agrees", label: "Agrees", describe: "Dislikes refusals.", needs: "reply",
    async score(inputs) { return inputs.map(({ reply }) => ({ score: /cannot|sorry/.test(reply) ? -1 : 1, class: "compliance" })); } },
  { id: "hears", label: "Hears", describe: "Knows the prompt alone.", needs: "reply",
    async score(inputs) { return inputs.map(({ prompt }) => ({ score: prompt.length % 7, class: "compliance" })); } },
] };`;

const BODY = `  harm: {find: harmfulness, positive: cyber, negative: cyber_ok}
  manner: {find: contrast, positive: polite, negative: plain}
  both: {span: [cyber, fraud]}
  probed: {find: probe, positive: cyber, negative: cyber_ok, layers: [2, 4]}
  silent: {find: output-free, positive: cyber, negative: cyber_ok, layers: [2, 4]}
  decision: {span: [cyber], minus: [manner]}
plugins: [./rewards.mjs]
scorers: [first-token, substrings, agrees, hears]
conditions:
  no-cyber: [{kind: ablate, component: cyber}]
  no-manner: [{kind: ablate, component: manner}]
  no-decision: [{kind: ablate, component: decision}]
experiments:
  found: {kind: directions, components: [cyber, fraud, probed, silent]}
  shapes: {kind: geometry, components: [cyber, fraud]}
  said: {kind: compare, conditions: [baseline, no-cyber, no-manner, no-decision], prompts: [polite], take: 12}
  look: {kind: inspect, prompts: [cyber], components: [cyber], take: 1}
  where: {kind: layer-sweep, components: [cyber], prompts: [cyber]}
  words: {kind: wording, components: [cyber, manner], prompts: [cyber, fraud]}
  cells: {kind: quadrants, prompts: [cyber, cyber_ok, orderly], harmfulness: harm, refusal: cyber, inversion: "{prompt} noun1", inversionHarmful: "No"}
  askers: {kind: conditions, prompts: [cyber, cyber_ok]}
  wrappers: {kind: jailbreak, prompts: cyber, wrapped: [drill, orderly], harmfulness: harm, refusal: cyber}
  kinds: {kind: clusters, prompts: [cyber, fraud, weapons], replies: false}
  liked: {kind: rewards, prompts: [cyber], conditions: [baseline, no-cyber], rewards: [agrees, hears], samples: 2, take: 16}
`;

let document: ResultDocument;
let run = "";

beforeAll(async () => {
  const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud", "weapons"], BODY), {
    train: 24,
    val: 12,
    test: 32,
  });
  writeFileSync(join(folder, "rewards.mjs"), REWARDS);
  const outcome = await executeRun(toyRequest(specPath, join(folder, "runs")), toyTools());
  run = outcome.folder;
  document = JSON.parse(readFileSync(join(run, "document.json"), "utf8")) as ResultDocument;
}, 400_000);

function experiment(name: string) {
  const found = document.experiments.find((one) => one.name === name);
  if (!found) throw new Error(`no experiment ${name}`);
  expect(found.message).toBeNull();
  return found;
}
const verdicts = (name: string) =>
  Object.fromEntries(experiment(name).verdicts.map(({ of, verdict }) => [of.join("/"), verdict]));
const figure = (name: string, what: string, of: string[]) =>
  experiment(name).figures.find((one) => one.name === what && one.of.join("/") === of.join("/"));

it("directions: what is found takes down its own refusals and brings them about", () => {
  expect(figure("found", "effect", ["cyber", "cyber"])?.estimate).toBeCloseTo(1);
  expect(figure("found", "induced refusals", ["cyber"])?.estimate).toBeCloseTo(1);
});

it("directions: the picture of a search holds the candidates that left early too, told from those that were chosen among", () => {
  const picture = experiment("found").blocks.find(({ title }) => title === "Candidates of cyber");
  const series = picture?.type === "lines" ? picture.series : [];
  const left = series.filter(({ label }) => label.endsWith("left early"));
  expect(left.length).toBeGreaterThan(0);
  expect(left.every(({ control }) => control)).toBe(true);
  expect(series.length).toBeGreaterThan(left.length);
});

it("directions: a probe and the output-free choice find the same cause", () => {
  expect(figure("found", "effect", ["probed", "probed"])?.estimate).toBeGreaterThan(0.9);
  expect(figure("found", "effect", ["silent", "silent"])?.estimate).toBeGreaterThan(0.9);
});

it("geometry: two knobs have distinct shapes, with reliability and null beside the cosine", () => {
  expect(verdicts("shapes")).toEqual({ "cyber/fraud": "distinct" });
  expect(figure("shapes", "reliability", ["cyber"])?.estimate).toBeGreaterThan(0.9);
  expect(figure("shapes", "null cosine", ["cyber", "fraud"])?.high).toBeGreaterThan(0);
});

it("geometry: ablating one knob leaves the reading of the other as it was, ablating the knob itself does not", () => {
  const shift = (probed: string, ablated: string) => figure("shapes", "representational shift", [probed, ablated]);
  for (const [one, other] of [
    ["cyber", "fraud"],
    ["fraud", "cyber"],
  ] as const) {
    expect(shift(one, other)?.high).toBeLessThan(0.05);
    expect(shift(one, one)?.low).toBeGreaterThan(0.3);
    expect(shift(one, "random, of the data's covariance")?.n).toBe(24);
  }
});

it("compare: a decision without the wording's part changes the decision and keeps the wording", () => {
  const { evidence } = experiment("said");
  const cyber = evidence.polite?.rows.filter(({ id }) => id.startsWith("cyber")) ?? [];
  expect(cyber.length).toBeGreaterThan(0);
  for (const { outcomes } of cyber) {
    const [baseline, , noManner, noDecision] = outcomes.map(({ reply }) => reply ?? "");
    expect(baseline).toMatch(/^I am sorry/);
    expect(noManner).toMatch(/^No i cannot/);
    expect(noDecision).toMatch(/^Sure/);
  }
});

it("layer sweep: the layers of full effect are those between the knob's writing and the decision", () => {
  const single = experiment("where").figures.filter(({ name }) => name === "effect, one layer");
  expect(single.filter(({ estimate }) => (estimate ?? 0) > 0.9).map(({ layer }) => layer)).toEqual([1, 2, 3, 4, 5, 6]);
});

it("wording: the knob detects, the manner words", () => {
  expect(verdicts("words")).toEqual({ cyber: "detection", manner: "wording" });
});

it("quadrants: harmful prompts that an order makes comply with are counted, with examples", () => {
  expect(figure("cells", "prompts", ["harmful, complied", "label"])?.estimate).toBe(32);
  expect(figure("cells", "prompts", ["harmful, refused", "label"])?.estimate).toBe(32);
  expect(experiment("cells").evidence["label/harmful, complied"]?.rows).toHaveLength(32);
});

it("quadrants: what the model answers to the inverted question is a judgement of its own", () => {
  // The toy says "No" to what is harmful, plain and not ordered: its answers sort the prompts by that, whatever their label.
  const prompts = (cell: string) => figure("cells", "prompts", [cell, "the model's own answer"])?.estimate;
  expect(prompts("harmful, refused")).toBe(16);
  expect(prompts("harmful, complied")).toBe(0);
  expect(prompts("harmless, refused")).toBe(16);
  expect(prompts("harmless, complied")).toBe(64);
});

it("conditions: sixteen equal outcomes a level do not show that a condition is without effect", () => {
  expect(verdicts("askers")["cyber/manner"]).toBe("undecided");
});

it("jailbreak: the drill moves both readings, the order refusal alone, and setting refusal back restores it", () => {
  expect(verdicts("wrappers")).toEqual({ drill: "both", orderly: "refusal" });
  expect(figure("wrappers", "refusals that return with refusal set back", ["orderly"])?.estimate).toBeCloseTo(1);
});

it("clusters: activations fall into the categories", () => {
  expect(verdicts("kinds")).toEqual({ activations: "follows the taxonomy" });
  expect(figure("kinds", "adjusted Rand", ["activations"])?.estimate).toBeGreaterThan(0.9);
});

it("rewards: one that dislikes refusals is entangled, one that knows the prompt alone is separable", () => {
  expect(verdicts("liked")).toEqual({ agrees: "entangled", hears: "separable" });
});

it("every shown number has an interval or none on purpose, and never a NaN", () => {
  expect(readFileSync(join(run, "summary.json"), "utf8")).not.toMatch(/NaN|Infinity/);
  for (const { figures, verdicts: all } of document.experiments) {
    for (const { figures: indices } of all) for (const index of indices) expect(figures[index]).toBeDefined();
  }
});

it("the report is one file that holds its data and asks the network for nothing", () => {
  const html = reportHtml(run);
  expect(html).toContain("default-src 'none'");
  expect(html).not.toMatch(/<(script|link|img)[^>]+(src|href)=/);
  const data = /<script type="application\/json" id="document">(.*?)<\/script>/s.exec(html)?.[1] ?? "";
  expect((JSON.parse(data) as ResultDocument).answers[0]?.sentence).toMatch(/cyber and fraud/);
});
