import { describe, expect, it } from "vitest";
import { readSpec } from "../../../shared/spec/read-spec.ts";
import { type SpecVocabulary, specJsonSchema } from "../../../shared/spec/spec-schema.ts";

const vocabulary: SpecVocabulary = {
  experiments: [
    {
      id: "geometry",
      describe: "Are the directions distinct?",
      options: {
        components: { type: "components", minItems: 2, required: true, describe: "Whose shapes are compared." },
      },
    },
    {
      id: "compare",
      describe: "What does it say?",
      options: {
        conditions: { type: "conditions", required: true, describe: "Side by side." },
        prompts: { type: "prompt-sets", required: true, describe: "Asked." },
        take: { type: "integer", default: 4, min: 1, describe: "Prompts of each set." },
      },
    },
  ],
  finders: [{ id: "difference-in-means", describe: "Mean minus mean.", options: {} }],
  scorers: [
    { id: "first-token", describe: "" },
    { id: "substrings", describe: "" },
  ],
  readings: [],
};

const good = `refract: 1
model: demo
prompts:
  cyber: {file: p.jsonl, where: {category: cyber}, harmful: true, matched: cyber_ok}
  cyber_ok: {file: p.jsonl, where: {category: cyber_ok}}
components:
  cyber: {find: difference-in-means, positive: cyber, negative: cyber_ok}
  given: {vector: v.safetensors#r, at: resid_post.4}
  both: {span: [cyber, given], minus: [given]}
conditions:
  no-cyber: [{kind: ablate, component: cyber}]
experiments:
  shapes: {kind: geometry, components: [cyber, given]}
  said: {kind: compare, conditions: [baseline, no-cyber], prompts: [cyber]}
`;

function problem(text: string) {
  const { problems, spec } = readSpec(text, vocabulary);
  expect(spec).toBeNull();
  expect(problems).toHaveLength(1);
  const [only] = problems;
  if (!only) throw new Error("no problem");
  return only;
}

describe("a spec file", () => {
  it("is read with the defaults of its experiments filled in", () => {
    const { spec, problems, experimentLines } = readSpec(good, vocabulary);
    expect(problems).toEqual([]);
    expect(spec?.seed).toBe(0);
    expect(spec?.scorers).toEqual(["first-token", "substrings"]);
    expect(spec?.experiments.said?.take).toBe(4);
    expect(experimentLines).toEqual([
      { name: "shapes", line: 13 },
      { name: "said", line: 14 },
    ]);
  });

  it("names the nearest key where one is unknown, with line and column", () => {
    const { line, column, message } = problem(
      good
        .replace("take: 4", "")
        .replace("conditions: [base", "condtions: [base")
        .replace("kind: compare, condtions", "kind: compare, tke: 3, conditions"),
    );
    expect({ line, column }).toEqual({ line: 14, column: 25 });
    expect(message).toContain('there is no key "tke"; did you mean "take"?');
  });

  it("names the nearest key inside the kind of component that was meant", () => {
    const wrong = good.replace("negative: cyber_ok}", "negative: cyber_ok, layrs: [1, 2]}");
    expect(problem(wrong).message).toContain('components.cyber: there is no key "layrs"; did you mean "layers"?');
  });

  it("names an experiment kind that does not exist, and the nearest", () => {
    expect(problem(good.replace("kind: geometry", "kind: geometri")).message).toBe(
      'experiments.shapes.kind: there is no kind "geometri"; did you mean "geometry"? (known: geometry, compare)',
    );
  });

  it("says where a name points to nothing", () => {
    const { message, line, field } = problem(good.replace("positive: cyber,", "positive: cybr,"));
    expect(line).toBe(7);
    expect(field).toBe("components.cyber.positive");
    expect(message).toBe(
      'components.cyber.positive: "cybr" is not in prompts; did you mean "cyber"? (prompts: cyber, cyber_ok)',
    );
  });

  it("says what was expected where a value is of the wrong kind", () => {
    expect(problem(good.replace("model: demo", "model: 3")).message).toBe("model: expected a text, found 3");
    expect(problem(good.replace("prompts: [cyber]}", "prompts: [cyber], take: 0}")).message).toBe(
      "experiments.said.take: expected at least 1, found 0",
    );
    expect(problem(good.replace("refract: 1\n", "")).message).toBe('refract: expected "1", found nothing');
  });

  it("refuses components that are made of themselves", () => {
    const round = good.replace("given: {vector: v.safetensors#r, at: resid_post.4}", "given: {span: [both]}");
    expect(problem(round).message).toContain("is made of itself: given -> both -> given");
  });

  it("gives the place of a YAML fault instead of a stack trace", () => {
    const { problems } = readSpec("refract: 1\nmodel: [demo\n", vocabulary);
    expect(problems[0]?.message).toMatch(/^not valid YAML: /);
    expect(problems[0]?.line).toBeGreaterThanOrEqual(2);
  });

  it("gives editors a JSON schema with every kind, finder and their options", () => {
    const text = JSON.stringify(specJsonSchema(vocabulary));
    expect(text).toContain('"const":"geometry"');
    expect(text).toContain('"const":"difference-in-means"');
    expect(text).toContain("Prompts of each set.");
  });
});
