import { expect, it } from "vitest";
import { completeSpec } from "../../../shared/spec/complete-spec.ts";
import { openRegistry } from "../../../sidecar/plugins/open-registry.ts";

const PLUGIN = new URL("../../../extension/samples/plugin/length-of-replies.mjs", import.meta.url).pathname;
const registry = await openRegistry([PLUGIN]);
const vocabulary = registry.vocabulary();
await registry.close();

const SPEC = `refract: 1
model: demo
prompts:
  cyber: {file: all.jsonl, harmful: true}
  cyber_ok: {file: all.jsonl, harmful: false}
components:
  cyber: {find: difference-in-means, positive: cyber, negative: cyber_ok}
conditions:
  no-cyber: [{kind: ablate, component: cyber}]
experiments:
`;

/** Labels at the bar of a text that follows the spec above. */
function at(tail: string, spec = SPEC): string[] {
  const text = `${spec}${tail}`;
  const offset = text.indexOf("|");
  return completeSpec(text.replace("|", ""), offset, vocabulary).map(({ label }) => label);
}

it("offers every kind of experiment, those of plugins among them, with the question that each answers", () => {
  expect(at("  a: {kind: |")).toEqual(expect.arrayContaining(["geometry", "cross-ablation", "reply-length"]));
  const text = `${SPEC}  a: {kind: geo`;
  const [found] = completeSpec(text, text.length, vocabulary).filter(({ label }) => label === "geometry");
  expect(found).toEqual({
    label: "geometry",
    kind: "value",
    describe: "Are the components' directions distinct shapes, or one?",
  });
});

it("offers the options of the kind that stands there, without those that are set", () => {
  const keys = at("  a: {kind: reply-length, take: 3, |}");
  expect(keys).toEqual(expect.arrayContaining(["prompts", "conditions"]));
  expect(keys).not.toContain("take");
  expect(keys).not.toContain("layers");
  expect(at("  a:\n    kind: layer-sweep\n    |\n")).toEqual(expect.arrayContaining(["window", "components"]));
});

it("offers the names that an option can point to, and choices", () => {
  expect(at("  a: {kind: reply-length, prompts: |}")).toEqual(["cyber", "cyber_ok"]);
  expect(at("  a: {kind: reply-length, prompts: cyber, conditions: [baseline, |]}")).toEqual(["baseline", "no-cyber"]);
  expect(at("  a: {kind: geometry, components: [|]}")).toEqual(["cyber"]);
  expect(at("  a: {kind: layer-sweep, outcome: |}")).toEqual(["refusal", "wording"]);
});

it("offers scorers, finders and readings, built in or a plugin's, and what stands at the top", () => {
  expect(at("  a: {kind: geometry}\nscorers: [first-token, |]")).toContain("blunt");
  expect(at("  a: {kind: geometry}\nreadings: [|]")).toEqual(expect.arrayContaining(["projection", "surprisal"]));
  expect(at("components:\n  x: {find: |", "refract: 1\n")).toEqual(
    expect.arrayContaining(["difference-in-means", "probe"]),
  );
  expect(at("mo|", "refract: 1\n")).toEqual(expect.arrayContaining(["model", "prompts", "experiments"]));
});

it("offers nothing in a text of the user's own", () => {
  expect(at("  a: {kind: compare, take: |}")).toEqual([]);
  expect(at("model: de|", "refract: 1\n")).toEqual([]);
});
