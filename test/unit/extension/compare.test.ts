import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { afterEvent, begun, columnOf, columnsToRun, wireCondition } from "../../../extension/compare/comparison-run.ts";
import { comparisonAsJson, comparisonAsMarkdown } from "../../../extension/compare/export-comparison.ts";
import { type ConditionToSave, specWithComparison } from "../../../extension/compare/save-as-experiment.ts";
import type { CompareCondition, OfferedCondition } from "../../../shared/protocol/compare-stream.ts";
import { stoppedByReload } from "../../../shared/protocol/pages/stopped-by-reload.ts";

const BASELINE: OfferedCondition = { name: "baseline", file: null, describe: "", slider: null, edits: [] };
const NO_CYBER: OfferedCondition = {
  name: "no-cyber",
  file: "/w/edits/a.edits.json",
  describe: "ablate cyber everywhere",
  slider: null,
  edits: [{ kind: "ablate", at: ["resid_post.*"], vectors: "v.safetensors#cyber" }],
};
const PUSH: OfferedCondition = {
  name: "push",
  file: "/w/edits/a.edits.json",
  describe: "add fraud at resid_post.4",
  slider: { kind: "strength", value: 1, least: 0, most: 3 },
  edits: [{ kind: "add", at: "resid_post.4", vector: "v.safetensors#fraud", scale: 2 }],
};
const QUIET: OfferedCondition = {
  name: "quiet",
  file: "/w/edits/a.edits.json",
  describe: "clamp feature 17 to 5 at resid_post.1 (error kept)",
  slider: { kind: "value", value: 5, least: 0, most: 15 },
  edits: [{ kind: "clamp", at: "resid_post.1", dictionary: "sae/", feature: 17, value: 5, error: "keep" }],
};

const COMPARISON = {
  ...{ title: "t.prompt.md", prompt: "How?\nNow.", model: "demo", baseline: 0 },
  of: { document: "file:///w/t.prompt.md", prompt: 0, model: "demo" },
};

/** A column whose slider was moved. */
function moved(offered: OfferedCondition, value: number) {
  const { slider, ...column } = columnOf(offered);
  return { ...column, slider: slider === null ? null : { ...slider, value } };
}

function toSave({ name, file, edits }: OfferedCondition, slider: CompareCondition["slider"] = null): ConditionToSave {
  return { condition: { name, file, slider }, edits };
}

describe("columns of a comparison", () => {
  test("collect what their stream says", () => {
    const tokens = [{ id: 5, text: "No" }];
    const streaming = afterEvent(columnOf(NO_CYBER), { type: "tokens", column: 0, tokens });
    expect(streaming).toMatchObject({ state: "streaming", tokens });
    const effect = { rows: 960, relativeChange: 0.02 };
    const done = afterEvent(streaming, {
      ...{ type: "done", column: 0, text: "No", finish: "stop", tokensPerSecond: 20 },
      ...{ effect, warnings: ["edit 0 did nothing"] },
    });
    expect(done).toMatchObject({ state: "done", tokens, effect, warnings: ["edit 0 did nothing"] });
  });

  test("only those that changed or were not finished run again, and one that waits for the user's word waits on", () => {
    const done = { ...columnOf(BASELINE), state: "done" as const };
    const stopped = { ...done, state: "failed" as const };
    const event = { type: "refused" as const, column: 0, message: "sae: wrong hook point.", unconfirmed: ["/w/sae"] };
    const waits = afterEvent(columnOf(QUIET), event);
    expect(waits).toMatchObject({ state: "failed", failure: "sae: wrong hook point." });
    expect(columnsToRun([done, done, stopped, waits], [1])).toEqual([1, 2]);
    expect(columnsToRun([done, done, stopped, waits], [3])).toEqual([2, 3]);
  });

  test("what a column said before stays until its next reply begins, however often it is run", () => {
    const said = {
      ...columnOf(NO_CYBER),
      tokens: [
        { id: 1, text: "Sure," },
        { id: 2, text: " ok" },
      ],
    };
    const again = begun(begun(said));
    expect(again).toMatchObject({ before: "Sure, ok", tokens: [], state: "waiting" });
    const event = { type: "tokens" as const, column: 0, tokens: [{ id: 3, text: "No" }] };
    expect(afterEvent(again, event)).toMatchObject({ before: "", tokens: event.tokens });
  });

  test("only a condition with something to set has a slider, which says what the file has", () => {
    expect(columnOf(NO_CYBER).slider).toBeNull();
    expect(columnOf(PUSH).slider).toMatchObject({ kind: "strength", value: 1, written: 1 });
    expect(moved(QUIET, 8).slider).toEqual({ kind: "value", value: 8, written: 5, least: 0, most: 15 });
  });

  test("a slider that was not moved leaves the edits as they are written", () => {
    expect(wireCondition(moved(QUIET, 8)).slider).toEqual({ kind: "value", value: 8 });
    expect(wireCondition(moved(QUIET, 5)).slider).toBeNull();
    expect(wireCondition(columnOf(NO_CYBER))).toEqual({ name: "no-cyber", file: NO_CYBER.file, slider: null });
  });

  test("after a reload have what had come, and nothing of them runs", () => {
    const tokens = [{ id: 5, text: "No" }];
    const streaming = { ...columnOf(NO_CYBER), state: "streaming" as const, tokens };
    const done = { ...columnOf(BASELINE), state: "done" as const };
    const columns = [done, streaming, columnOf(PUSH)];
    const stopped = { state: "failed", failure: "Stopped by the reload." };
    expect(stoppedByReload({ ...COMPARISON, columns }).columns).toEqual([
      done,
      { ...streaming, ...stopped },
      { ...columnOf(PUSH), ...stopped },
    ]);
  });
});

describe("export", () => {
  const columns = [BASELINE, NO_CYBER].map((offered, at) => ({
    ...columnOf(offered),
    tokens: [
      { id: 1, text: at === 0 ? "No," : "Sure," },
      { id: 2, text: " ok" },
    ],
    refusal: at === 0 ? 0.97 : 0.02,
  }));
  const comparison = { ...COMPARISON, columns };

  test("Markdown quotes the prompt and every reply", () => {
    const text = comparisonAsMarkdown(comparison);
    expect(text).toContain("> How?\n> Now.");
    expect(text).toContain("| no-cyber | ablate cyber everywhere |");
    expect(text).toContain("## no-cyber\n\n> Sure, ok");
  });

  test("JSON holds every reply as one text", () => {
    expect(JSON.parse(comparisonAsJson(comparison)).columns[1].reply).toBe("Sure, ok");
  });
});

describe("saving a comparison as an experiment", () => {
  const save = { spec: "/w/s.refract.yaml", promptFile: "/w/prompts/a.prompt.md", model: "demo", maxNewTokens: 40 };

  test("a new spec holds the conditions with paths of its own and the strength that was chosen", async () => {
    const { text, name } = await specWithComparison("", {
      ...save,
      conditions: [toSave(BASELINE), toSave(NO_CYBER), toSave(PUSH, { kind: "strength", value: 1.5 })],
    });
    expect(name).toBe("said");
    expect(parse(text)).toEqual({
      refract: 1,
      model: "demo",
      prompts: { compared: { file: "prompts/a.prompt.md" } },
      conditions: {
        "no-cyber": [{ kind: "ablate", at: ["resid_post.*"], vectors: "edits/v.safetensors#cyber" }],
        "push-x1.5": [{ kind: "add", at: "resid_post.4", vector: "edits/v.safetensors#fraud", scale: 3 }],
      },
      experiments: {
        said: {
          kind: "compare",
          conditions: ["baseline", "no-cyber", "push-x1.5"],
          prompts: ["compared"],
          maxNewTokens: 40,
        },
      },
    });
  });

  test("a feature's value and factor are written as the sliders set them, and the dictionary as the spec reaches it", async () => {
    const factor = { kind: "scale", at: "resid_post.1", dictionary: "sae/", feature: 18, factor: 0, error: "drop" };
    const louder = {
      condition: { name: "louder", file: "/w/edits/a.edits.json", slider: { kind: "factor" as const, value: 1.5 } },
      edits: [factor],
    };
    const { text } = await specWithComparison("", {
      ...save,
      conditions: [toSave(BASELINE), toSave(QUIET, { kind: "value", value: 8 }), louder],
    });
    expect(parse(text).conditions).toEqual({
      "quiet-at-8": [{ ...QUIET.edits[0], dictionary: "edits/sae", value: 8 }],
      "louder-x1.5": [{ ...factor, dictionary: "edits/sae", factor: 1.5 }],
    });
  });

  test("an existing spec keeps its comments, and no name is taken twice", async () => {
    const before = [
      "refract: 1 # version",
      "model: demo",
      "prompts: {mine: {file: prompts/a.prompt.md}}",
      "conditions: {no-cyber: []}",
      "experiments:",
      "  # what was said",
      "  said: {kind: compare, conditions: [baseline], prompts: [mine]}",
      "",
    ].join("\n");
    const { text, name } = await specWithComparison(before, {
      ...save,
      conditions: [BASELINE, NO_CYBER].map((offered) => toSave(offered)),
    });
    expect(text).toContain("# version");
    expect(text).toContain("# what was said");
    expect(name).toBe("said-2");
    const spec = parse(text);
    expect(Object.keys(spec.conditions)).toEqual(["no-cyber", "no-cyber-2"]);
    expect(spec.experiments["said-2"]).toMatchObject({ conditions: ["baseline", "no-cyber-2"], prompts: ["mine"] });
  });
});
