import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Engine } from "../../../shared/engine/engine.ts";
import { writeSafetensors } from "../../../sidecar/files/safetensors.ts";
import { executeRun } from "../../../sidecar/runs/execute-run.ts";
import { toyEngine } from "../../support/toy-engine.ts";
import { toyFolder, toyRequest, toySpec, toyTools } from "../../support/toy-study.ts";

const SHAPES = "experiments:\n  shapes: {kind: geometry, components: [cyber, fraud]}";

interface Summary {
  warnings: string[];
  experiments: Record<string, { status: string; message?: string; sentences: string[] }>;
}
const summaryOf = (run: string) => JSON.parse(readFileSync(join(run, "summary.json"), "utf8")) as Summary;

it("one prompt per category is refused before anything runs, with the count of each split and what is needed", async () => {
  const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud"], SHAPES), { train: 1, val: 0, test: 0 });
  await expect(executeRun(toyRequest(specPath, join(folder, "runs")), toyTools())).rejects.toMatchObject({
    code: "refused",
    message: expect.stringMatching(
      /components\.cyber: cyber has 1 train, 0 val and 0 test prompts.*needs at least 2 train and 1 val/,
    ),
  });
});

it("a filter that matches nothing is refused with the values that there are", async () => {
  const spec = toySpec(["cyber", "fraud"], SHAPES).replace("category: cyber}", "category: cybr}");
  const { folder, specPath } = toyFolder(spec, { train: 4, val: 2, test: 2 });
  await expect(executeRun(toyRequest(specPath, join(folder, "runs")), toyTools())).rejects.toThrow(
    /prompts\.cyber: none of the \d+ prompts of .*all\.jsonl match its filter \(there, category is cyber/,
  );
});

it("a missing prompt file is refused by path", async () => {
  const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud"], SHAPES).replaceAll("all.jsonl", "none.jsonl"));
  await expect(executeRun(toyRequest(specPath, join(folder, "runs")), toyTools())).rejects.toThrow(
    /none\.jsonl: there is no such prompt file/,
  );
});

it("a model that never refuses is said in words, not in a made-up direction", async () => {
  const engine = toyEngine();
  const never: Engine = {
    ...engine,
    forward: async (request, options) => {
      const result = await engine.forward(request, options);
      return {
        ...result,
        logits: result.logits.map((row) => row.map((value, token) => (token === 5 ? value + 50 : value))),
      };
    },
    generate: async (request) => ({
      lanes: request.lanes.map(() => ({ ids: [5, 6], finish: "stop" as const, reports: [] })),
    }),
  };
  const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud"], SHAPES), { train: 4, val: 2, test: 2 });
  const { folder: run, status } = await executeRun(toyRequest(specPath, join(folder, "runs")), toyTools(never));
  expect(status).toBe("failed");
  const summary = summaryOf(run);
  expect(summary.experiments.shapes?.message).toMatch(/the model refuses 0 of 4 train prompts of its positive set/);
  expect(summary.warnings.join("\n")).toMatch(/none is a refusal by the phrase list: set refusalTokens/);
});

it("a NaN in an activation fails with the prompt and the hook point", async () => {
  const engine = toyEngine();
  const broken: Engine = {
    ...engine,
    forward: async (request, options) => {
      const result = await engine.forward(request, options);
      result.captures["resid_pre.3"]?.[0]?.fill(Number.NaN);
      return result;
    },
  };
  const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud"], SHAPES), { train: 4, val: 2, test: 2 });
  const { folder: run, status } = await executeRun(toyRequest(specPath, join(folder, "runs")), toyTools(broken));
  expect(status).toBe("failed");
  expect(summaryOf(run).experiments.shapes?.message).toMatch(
    /prompt cyber-train-\d of cyber: the activation at resid_pre\.3 holds NaN/,
  );
});

it.each([
  [{ at: "resid_post.5" }, /made at resid_post\.5, the spec puts it at resid_post\.2/],
  [{ at: "resid_pre.3", model: "another-model" }, /made on the model another-mode, this one is toy/],
])("a given direction of another place or model is refused, with both named", async (metadata, message) => {
  const body =
    "  given: {vector: v.safetensors#v, at: resid_post.2}\nexperiments:\n  found: {kind: directions, components: [given]}";
  const { folder, specPath } = toyFolder(toySpec(["cyber"], body), { train: 4, val: 2, test: 2 });
  const tensor = { dtype: "F32" as const, shape: [64], data: new Float32Array(64).fill(1) };
  await writeSafetensors(join(folder, "v.safetensors"), new Map([["v", tensor]]), metadata);
  const { folder: run, status } = await executeRun(toyRequest(specPath, join(folder, "runs")), toyTools());
  expect(status).toBe("failed");
  expect(summaryOf(run).experiments.found?.message).toMatch(message);
});

it.each(["summary.json.part", `component.cyber.safetensors.${process.pid}.part`])(
  "a disk that is full when %s is written ends the run in words, and it goes on once there is space",
  async (file) => {
    const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud"], SHAPES), { train: 4, val: 2, test: 2 });
    let run = "";
    const onFolder = (path: string) => {
      run = path;
      // Every write to this device fails for want of space.
      symlinkSync("/dev/full", join(path, file));
    };
    const out = join(folder, "runs");
    await expect(executeRun(toyRequest(specPath, out, { onFolder }), toyTools())).rejects.toMatchObject({
      code: "failed",
      message: expect.stringMatching(/the disk is full\. What was finished is kept; .* go on with --resume/),
    });
    rmSync(join(run, file), { force: true });
    const { status } = await executeRun(toyRequest(specPath, out, { resume: run }), toyTools());
    expect(status).toBe("done");
  },
);

const plugin = (body: string) => `import { definePlugin } from "refract/plugin";
export default definePlugin({ name: "mine", experiments: [{
  id: "count", label: "Count", describe: "Counts prompts.",
  options: { prompts: { type: "prompt-set", required: true, describe: "Prompts to count." } },
  plan: () => [{ id: "all", label: "counting", passes: 0, replies: 0, input: {} }],
  async execute(unit, study, config) { ${body} },
  summarise: ({ results }) => ({ figures: [{ name: "prompts", of: ["all"], estimate: results.get("all").n, low: null, high: null, n: results.get("all").n, unit: "prompts" }],
    verdicts: [], sentences: ["There are " + results.get("all").n + " prompts."], notes: [], blocks: [], evidence: {} }),
}] });`;

const WITH_PLUGIN = `plugins: [./mine.mjs]
experiments:
  counted: {kind: count, prompts: cyber}
  said: {kind: compare, conditions: [baseline], prompts: [cyber], take: 2}
`;

it.each([
  ["works", "return { n: (await study.prompts(config.prompts)).length };", "done", /There are 10 prompts\./],
  ["throws", 'throw new Error("boom");', "failed", /plugin .*mine\.mjs: boom/],
  ["hangs", "for (;;) {}", "failed", /plugin .*mine\.mjs: it gave no sign of life for 3 s/],
  ["returns the wrong shape", "return 7;", "failed", /counted \(kind count\): unit all gave 7, expected an object/],
])("an experiment kind of a plugin that %s harms no other experiment", async (_, body, status, message) => {
  const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud"], WITH_PLUGIN), { train: 4, val: 2, test: 4 });
  writeFileSync(join(folder, "mine.mjs"), plugin(body));
  const outcome = await executeRun(toyRequest(specPath, join(folder, "runs")), toyTools());
  const { experiments } = summaryOf(outcome.folder);
  expect(experiments.said?.status).toBe("done");
  expect(experiments.counted?.status).toBe(status);
  expect(experiments.counted?.message ?? experiments.counted?.sentences[0]).toMatch(message);
});
