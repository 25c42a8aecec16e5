import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { executeRun } from "../../../sidecar/runs/execute-run.ts";
import { readJournal } from "../../../sidecar/runs/journal.ts";
import type { RunTools } from "../../../sidecar/runs/prepare-run.ts";
import { seeded } from "../../../sidecar/statistics/random.ts";
import { toyFolder, toyModel, toyRequest, toySpec, toyTools } from "../../support/toy-study.ts";

const BODY = `conditions:
  no-cyber: [{kind: ablate, component: cyber}]
experiments:
  found: {kind: directions, components: [cyber, fraud], replies: 2}
  said: {kind: compare, conditions: [baseline, no-cyber], prompts: [cyber, fraud], take: 3, temperature: 0.8}
  look: {kind: inspect, prompts: [cyber, fraud], components: [cyber], take: 3}
`;
const CHILD = join(import.meta.dirname, "..", "..", "support", "toy-run-child.ts");

function start(args: string[]): { child: ChildProcess; ended: Promise<number | null>; folder: Promise<string> } {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<number | null>((resolve) => child.on("exit", (code) => resolve(code)));
  const folder = new Promise<string>((resolve) => {
    let text = "";
    child.stdout?.on("data", (data: Buffer) => {
      text += data.toString();
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
  });
  return { child, ended, folder };
}

interface Summary {
  experiments: Record<string, object>;
}
const experiments = (run: string) =>
  (JSON.parse(readFileSync(join(run, "summary.json"), "utf8")) as Summary).experiments;

it("a run that is killed again and again ends with every unit once, and with the numbers of a run that wasn't", async () => {
  const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud"], BODY), { train: 8, val: 4, test: 8 });
  const whole = await executeRun(toyRequest(specPath, join(folder, "whole")), toyTools());
  expect(whole.status).toBe("done");

  const first = start([specPath, join(folder, "killed")]);
  const run = await first.folder;
  const random = seeded(3, "kills");
  let running = first;
  let kills = 0;
  for (;;) {
    const outcome = await Promise.race([
      running.ended.then((code) => ({ code })),
      new Promise<null>((resolve) => setTimeout(() => resolve(null), 150 + 900 * random.uniform())),
    ]);
    if (outcome) {
      expect(outcome.code).toBe(0);
      break;
    }
    running.child.kill("SIGKILL");
    await running.ended;
    kills++;
    // Kills that come sooner than a process starts would never let it end.
    if (kills > 6) random.uniform = () => 60;
    running = start([specPath, join(folder, "killed"), run]);
    await running.folder;
  }
  expect(kills).toBeGreaterThan(0);
  const units = readJournal(join(run, "results.ndjson")).filter(({ type }) => type === "unit");
  const names = units.map(({ experiment, unit }) => `${experiment}/${String(unit)}`);
  expect(new Set(names).size).toBe(names.length);
  const reference = readJournal(join(whole.folder, "results.ndjson")).filter(({ type }) => type === "unit");
  expect(units.map(({ data }) => data)).toEqual(reference.map(({ data }) => data));
  expect(experiments(run)).toEqual(experiments(whole.folder));
  expect(existsSync(join(run, "manifest.json"))).toBe(true);
}, 300_000);

it("a cancelled run keeps what is done and goes on from there", async () => {
  const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud"], BODY), { train: 8, val: 4, test: 8 });
  const controller = new AbortController();
  const stopped = await executeRun(
    toyRequest(specPath, join(folder, "runs"), {
      signal: controller.signal,
      onExperiment: () => controller.abort(),
    }),
    toyTools(),
  );
  expect(stopped.status).toBe("cancelled");
  const done = readJournal(join(stopped.folder, "results.ndjson")).length;
  const resumed = await executeRun(toyRequest(specPath, join(folder, "runs"), { resume: stopped.folder }), toyTools());
  expect(resumed).toEqual({ folder: stopped.folder, status: "done" });
  expect(readJournal(join(stopped.folder, "results.ndjson")).length).toBeGreaterThan(done);
});

it("a run is not continued under another spec, and both are named", async () => {
  const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud"], BODY), { train: 8, val: 4, test: 8 });
  const { folder: run } = await executeRun(toyRequest(specPath, join(folder, "runs")), toyTools());
  const { specPath: other } = toyFolder(toySpec(["cyber", "fraud"], BODY, 8), { train: 8, val: 4, test: 8 });
  await expect(executeRun(toyRequest(other, join(folder, "runs"), { resume: run }), toyTools())).rejects.toThrow(
    /cannot go on with this run: the spec was [0-9a-f]{12} and is [0-9a-f]{12}/,
  );
});

it("a resumed run shows its templates the day that it began on", async () => {
  const days = new Set<string>();
  const model = toyModel();
  const { tokenizer } = model;
  const tools: RunTools = {
    ...toyTools(),
    openModel: async () => ({
      ...model,
      tokenizer: {
        ...tokenizer,
        ledger(messages, options) {
          days.add(options?.date?.toDateString() ?? "none");
          return tokenizer.ledger(messages, options);
        },
      },
    }),
  };
  const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud"], BODY), { train: 8, val: 4, test: 8 });
  const { folder: run } = await executeRun(toyRequest(specPath, join(folder, "runs")), tools);
  expect([...days]).toEqual([new Date().toDateString()]);
  const path = join(run, "manifest.json");
  const manifest = JSON.parse(readFileSync(path, "utf8")) as { date: string };
  writeFileSync(path, JSON.stringify({ ...manifest, date: "2024-02-29" }));
  days.clear();
  await executeRun(toyRequest(specPath, join(folder, "runs"), { resume: run }), tools);
  expect([...days]).toEqual(["Thu Feb 29 2024"]);
});

it("a run from an experiment on leaves out those before it, also when it is resumed", async () => {
  const { folder, specPath } = toyFolder(toySpec(["cyber", "fraud"], BODY), { train: 8, val: 4, test: 8 });
  const { folder: run } = await executeRun(toyRequest(specPath, join(folder, "runs"), { from: "said" }), toyTools());
  expect(Object.keys(experiments(run))).toEqual(["said", "look"]);
  const before = readFileSync(join(run, "results.ndjson"), "utf8");
  await executeRun(toyRequest(specPath, join(folder, "runs"), { resume: run }), toyTools());
  expect(readFileSync(join(run, "results.ndjson"), "utf8")).toBe(before);
  await expect(executeRun(toyRequest(specPath, join(folder, "runs"), { from: "sad" }), toyTools())).rejects.toThrow(
    /has no experiment "sad" to run from \(experiments: found, said, look\)/,
  );
});
