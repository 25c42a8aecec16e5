import { renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import type { UnitData } from "../../shared/plugin/experiment-kind.ts";
import {
  type ExperimentResult,
  type ExperimentSummary,
  experimentSummarySchema,
  type ResultDocument,
} from "../../shared/plugin/result-document.ts";
import type { RefusalTokens } from "../../shared/plugin/study.ts";
import { viewBlockSchema } from "../../shared/plugin/view-block.ts";
import type { PluginRegistry } from "../plugins/registry.ts";
import type { Manifest } from "./manifest.ts";
import { COMPONENTS, MODEL, type PlannedExperiment, type RunPlan } from "./plan-run.ts";

export interface SummaryInput {
  plan: RunPlan;
  results: ReadonlyMap<string, ReadonlyMap<string, UnitData>>;
  registry: PluginRegistry;
  manifest: Manifest;
  refusal: RefusalTokens;
  warnings: readonly string[];
  /** By experiment or component. */
  failures: ReadonlyMap<string, Error>;
  seed: number;
  cancelled: boolean;
}

const EMPTY: ExperimentSummary = { figures: [], verdicts: [], sentences: [], notes: [], blocks: [], evidence: {} };

async function summariseOne(experiment: PlannedExperiment, input: SummaryInput): Promise<ExperimentResult> {
  const kind = input.registry.find("experiments", experiment.kind);
  const done = input.results.get(experiment.name) ?? new Map<string, UnitData>();
  const frame = { name: experiment.name, kind: kind.id, label: kind.label };
  const failure = input.failures.get(experiment.name);
  if (failure) return { ...frame, ...EMPTY, status: "failed", message: failure.message };
  if (done.size < experiment.units.length) {
    const status = input.cancelled ? "cancelled" : done.size > 0 ? "running" : "waiting";
    return { ...frame, ...EMPTY, status, message: `${done.size} of ${experiment.units.length} units are done.` };
  }
  try {
    const results = new Map(experiment.units.map(({ id }) => [id, done.get(id) ?? {}]));
    const summary = await kind.summarise({
      name: experiment.name,
      config: experiment.config,
      results,
      seed: input.seed,
    });
    const parsed = experimentSummarySchema.safeParse(summary);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new TypeError(`its summary has the wrong shape at ${issue?.path.join(".")}: ${issue?.message}`);
    }
    const views = [];
    for (const view of input.registry.views(kind.id)) {
      const blocks = z.array(viewBlockSchema).safeParse(await view.blocks(parsed.data));
      if (!blocks.success) {
        const issue = blocks.error.issues[0];
        throw new TypeError(
          `result view ${view.id}: its blocks have the wrong shape at ${issue?.path.join(".")}: ${issue?.message}`,
        );
      }
      views.push(...blocks.data);
    }
    return { ...frame, ...parsed.data, blocks: [...parsed.data.blocks, ...views], status: "done", message: null };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ...frame, ...EMPTY, status: "failed", message: `${experiment.name} (kind ${kind.id}): ${message}` };
  }
}

/** Everything that a result page shows of a run, from its journal. */
export async function summariseRun(input: SummaryInput): Promise<ResultDocument> {
  const { plan, manifest, refusal } = input;
  const experiments: ExperimentResult[] = [];
  for (const experiment of plan.experiments) {
    if (experiment.name === MODEL || experiment.name === COMPONENTS) continue;
    experiments.push(await summariseOne(experiment, input));
  }
  const running = experiments.some(
    ({ status }) => status === "running" || status === "waiting" || status === "cancelled",
  );
  return {
    version: 1,
    run: {
      name: "",
      spec: basename(manifest.spec.path),
      started: manifest.started,
      finished: running ? null : new Date().toISOString(),
      model: manifest.model.name,
      modelHash: manifest.model.hash,
      provider: manifest.model.provider,
      precision: manifest.model.precision,
      seed: manifest.seed,
      refusalTokens: refusal.ids.map((id, i) => ({ id, text: refusal.texts[i] ?? "" })),
      warnings: [...input.warnings, ...[...input.failures].map(([name, error]) => `${name}: ${error.message}`)],
    },
    answers: answersOf(experiments),
    experiments,
    manifest,
  };
}

const PAIR_WORDS: readonly (readonly [verdict: string, words: string])[] = [
  ["detached", "come apart"],
  ["distinct causes under one shape", "have causes of their own under one shape"],
  ["overlapping", "overlap"],
  ["one cause under distinct shapes", "share one cause under distinct shapes"],
  ["sintered", "are one"],
  ["undecided", "are undecided"],
];

/** One sentence over all pairs that were judged: is refusal one thing or several? Null where none or one pair was. */
function overall(experiments: readonly ExperimentResult[]): ResultDocument["answers"][number] | null {
  const judged = experiments.filter(({ kind }) => kind === "cross-ablation");
  const pairs = judged.flatMap(({ verdicts }) => verdicts);
  if (pairs.length < 2) return null;
  const parts = PAIR_WORDS.flatMap(([word, words]) => {
    const of = pairs.filter(({ verdict }) => verdict === word).map((pair) => pair.of.join(" and "));
    return of.length > 0 ? [`${of.join(", ")} ${words}`] : [];
  });
  const has = (...words: string[]) => pairs.some(({ verdict }) => words.includes(verdict));
  const apart = has("detached", "distinct causes under one shape", "overlapping");
  const together = has("sintered", "one cause under distinct shapes");
  const [answer, verdict] =
    apart && together
      ? ["Refusal is neither one thing nor as many as there are categories", "several causes, some shared"]
      : apart
        ? ["Refusal is several things", "several causes"]
        : together
          ? ["Refusal is one thing for the categories that were compared", "one cause"]
          : ["Whether refusal is one thing or several is undecided", "undecided"];
  return { sentence: `${answer}: ${parts.join("; ")}.`, verdict: verdict ?? "", experiment: judged[0]?.name ?? "" };
}

/** The main question is whether refusal is one thing: its experiment answers first, then the others in the spec's order. */
function answersOf(experiments: readonly ExperimentResult[]): ResultDocument["answers"] {
  const order = ["cross-ablation", "geometry"];
  const rank = (kind: string) => (order.includes(kind) ? order.indexOf(kind) : order.length);
  const each = [...experiments]
    .sort((a, b) => rank(a.kind) - rank(b.kind))
    .flatMap(({ name, sentences, verdicts }) => {
      const [sentence] = sentences;
      return sentence === undefined ? [] : [{ sentence, verdict: verdicts[0]?.verdict ?? "", experiment: name }];
    });
  const first = overall(experiments);
  return first ? [first, ...each] : each;
}

function writeSafely(path: string, text: string): void {
  writeFileSync(`${path}.part`, text);
  renameSync(`${path}.part`, path);
}

/** Writes `summary.json` (the contract's form) and `document.json` (all that a page shows). */
export function writeRunFiles(folder: string, document: ResultDocument): void {
  const named: ResultDocument = { ...document, run: { ...document.run, name: basename(folder) } };
  const summary = {
    started: document.run.started,
    finished: document.run.finished,
    refusalTokens: document.run.refusalTokens,
    warnings: document.run.warnings,
    experiments: Object.fromEntries(
      document.experiments.map(({ name, kind, status, message, figures, verdicts, sentences, notes }) => [
        name,
        { kind, status, ...(message === null ? {} : { message }), figures, verdicts, sentences, notes },
      ]),
    ),
  };
  writeSafely(join(folder, "summary.json"), `${JSON.stringify(summary, null, 2)}\n`);
  writeSafely(join(folder, "document.json"), JSON.stringify(named));
}
