import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { RefractError, refused } from "../../shared/errors.ts";
import type { Component } from "../../shared/plugin/component.ts";
import type { UnitData } from "../../shared/plugin/experiment-kind.ts";
import type { RefusalTokens } from "../../shared/plugin/study.ts";
import { deriveRefusalTokens } from "../experiments/study/derive-refusal-tokens.ts";
import { diskIsFull, fullDisk } from "./full-disk.ts";
import { openJournal } from "./journal.ts";
import { type ComponentRecord, loadComponent, makeComponent, storeComponent } from "./make-components.ts";
import { checkSameRun, readManifest } from "./manifest.ts";
import { openStudy, type RunMaterial } from "./open-study.ts";
import { COMPONENTS, MODEL, type PlannedExperiment } from "./plan-run.ts";
import { type PreparedRun, type PrepareRequest, prepareRun, type RunTools } from "./prepare-run.ts";
import { ProgressMeter, type RunProgress } from "./progress.ts";
import { summariseRun, writeRunFiles } from "./run-document.ts";

export interface RunRequest extends PrepareRequest {
  /** Folder that run folders are made in. */
  out: string;
  /** A run folder to go on with. */
  resume: string | null;
  onProgress(progress: RunProgress): void;
  onWarning(sentence: string): void;
  /** A result is on disk: the experiment's name, its verdicts in words. */
  onExperiment(experiment: string, status: "done" | "failed" | "cancelled", sentences: readonly string[]): void;
  onFolder(folder: string): void;
}

export interface RunOutcome {
  folder: string;
  status: "done" | "failed" | "cancelled";
}

function newRunFolder(out: string, specPath: string, now: Date): string {
  const stamp = now.toISOString().replace(/[:.]/g, "-").slice(0, 19);
  const name = `${basename(specPath).replace(/\.refract\.ya?ml$/, "")}-${stamp}`;
  for (let i = 1; ; i++) {
    const folder = join(resolve(out), i === 1 ? name : `${name}-${i}`);
    if (existsSync(folder)) continue;
    mkdirSync(folder, { recursive: true });
    return folder;
  }
}

/** Runs a spec, or goes on with a run of it. What is finished is on disk when it ends, however it ends. */
export async function executeRun(request: RunRequest, tools: RunTools): Promise<RunOutcome> {
  const before = request.resume === null ? null : readManifest(resolve(request.resume));
  // A resumed run goes on with the experiments and on the day that it began with.
  const prepared = await prepareRun(before ? { ...request, from: before.from, date: before.date } : request, tools);
  try {
    let folder: string;
    if (request.resume === null || before === null) {
      folder = newRunFolder(request.out, request.specPath, new Date());
      writeFileSync(join(folder, "manifest.json"), `${JSON.stringify(prepared.manifest, null, 2)}\n`);
    } else {
      folder = resolve(request.resume);
      checkSameRun(folder, before, prepared.manifest);
    }
    request.onFolder(folder);
    return await runUnits(prepared, folder, request);
  } catch (error) {
    throw diskIsFull(error) ? fullDisk(request.out, error) : error;
  } finally {
    await prepared.close();
  }
}

async function runUnits({ material, plan }: PreparedRun, folder: string, request: RunRequest): Promise<RunOutcome> {
  const { spec, registry } = material;
  const manifest = readManifest(folder);
  const journal = openJournal(join(folder, "results.ndjson"));
  const minutes = spec.budget.minutes;
  const signal =
    minutes === undefined ? request.signal : AbortSignal.any([request.signal, AbortSignal.timeout(minutes * 60_000)]);
  const results = new Map<string, Map<string, UnitData>>();
  const warnings: string[] = [];
  for (const line of journal.lines) {
    if (line.type === "warning" && typeof line.sentence === "string") warnings.push(line.sentence);
    if (line.type !== "unit" || typeof line.unit !== "string") continue;
    const units = results.get(line.experiment) ?? new Map<string, UnitData>();
    units.set(line.unit, line.data as UnitData);
    results.set(line.experiment, units);
  }
  const meter = new ProgressMeter(
    new Map(
      plan.experiments.map(({ name, units }) => [
        name,
        units
          .filter((unit) => !results.get(name)?.has(unit.id))
          .reduce((sum, { passes, replies }) => sum + passes + replies, 0),
      ]),
    ),
    request.onProgress,
  );
  const warn = (experiment: string, kind: string) => (sentence: string) => {
    if (warnings.includes(sentence)) return;
    warnings.push(sentence);
    journal.append({ experiment, kind, type: "warning", sentence });
    request.onWarning(sentence);
  };
  const failures = new Map<string, Error>();
  const loaded = new Map<string, Promise<Component>>();
  let refusal: RefusalTokens = { ids: [], texts: [], agreement: null, checked: 0, rates: "score" };
  const ready: RunMaterial = {
    ...material,
    signal,
    refusal: () => refusal,
    async search(name) {
      const record = results.get(COMPONENTS)?.get(name) as (UnitData & ComponentRecord) | undefined;
      return { candidates: record?.candidates ?? [], raced: record?.raced ?? [], because: record?.because ?? "" };
    },
    component(name) {
      const failed = failures.get(name);
      if (failed) return Promise.reject(failed);
      const record = results.get(COMPONENTS)?.get(name);
      if (!record) return Promise.reject(refused(`components.${name}: was not made in this run.`));
      const known = loaded.get(name) ?? loadComponent(folder, record as UnitData & ComponentRecord);
      loaded.set(name, known);
      return known;
    },
  };

  const executeUnit = async (experiment: PlannedExperiment, index: number): Promise<UnitData> => {
    const unit = experiment.units[index];
    if (!unit) throw new RangeError(`no unit ${index}`);
    const study = openStudy(experiment.name, ready, {
      advance: (passes) => meter.advance(passes),
      warn: warn(experiment.name, experiment.kind),
    });
    if (experiment.name === MODEL) return findRefusalTokens(ready, meter, warn(MODEL, "refusal-tokens"));
    if (experiment.name === COMPONENTS) {
      const component = spec.components[unit.id];
      if (!component) throw refused(`components.${unit.id}: is not in the spec.`);
      const made = await makeComponent(unit.id, component, study, registry, material.specFolder);
      for (const sentence of made.warnings) study.warn(sentence);
      return { ...(await storeComponent(folder, made)) };
    }
    return registry.find("experiments", experiment.kind).execute(unit, study, experiment.config);
  };

  let status: RunOutcome["status"] = "done";
  const summaries = () =>
    summariseRun({
      plan,
      results,
      registry,
      manifest,
      refusal,
      warnings,
      failures,
      seed: spec.seed,
      cancelled: status === "cancelled",
    });
  try {
    for (const experiment of plan.experiments) {
      const done = results.get(experiment.name) ?? new Map<string, UnitData>();
      results.set(experiment.name, done);
      for (const [index, unit] of experiment.units.entries()) {
        if (experiment.name === MODEL && done.has(unit.id)) refusal = done.get(unit.id) as UnitData & RefusalTokens;
        if (done.has(unit.id) || failures.has(experiment.name)) continue;
        signal.throwIfAborted();
        meter.begin(experiment.name, unit.label);
        const before = meter.doneOf(experiment.name);
        try {
          const data = await executeUnit(experiment, index);
          const stored: UnitData = JSON.parse(JSON.stringify(checkUnitData(data, experiment, unit.id)));
          journal.append({
            experiment: experiment.name,
            kind: experiment.kind,
            type: "unit",
            unit: unit.id,
            data: stored,
          });
          done.set(unit.id, stored);
          if (experiment.name === MODEL) refusal = stored as UnitData & RefusalTokens;
          meter.settle(experiment.name, unit.passes + unit.replies, before);
        } catch (error) {
          if (
            signal.aborted ||
            diskIsFull(error) ||
            (error instanceof RefractError && (error.code === "cancelled" || error.code === "engine-died"))
          )
            throw error;
          const failure = error instanceof Error ? error : new Error(String(error));
          failures.set(experiment.name === COMPONENTS ? unit.id : experiment.name, failure);
          journal.append({
            experiment: experiment.name,
            kind: experiment.kind,
            type: "failed",
            unit: unit.id,
            message: failure.message,
          });
          status = "failed";
          if (experiment.name === COMPONENTS) request.onExperiment(`component ${unit.id}`, "failed", [failure.message]);
          if (experiment.name === MODEL) throw failure;
        }
      }
      if (experiment.name === MODEL || experiment.name === COMPONENTS) continue;
      const summary = await summaries();
      writeRunFiles(folder, summary);
      const result = summary.experiments.find(({ name }) => name === experiment.name);
      if (result && result.status === "failed" && !failures.has(experiment.name)) status = "failed";
      if (result)
        request.onExperiment(
          experiment.name,
          result.status === "done" ? "done" : "failed",
          result.status === "done" ? result.sentences : [result.message ?? ""],
        );
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    status = "cancelled";
    if (!request.signal.aborted) warnings.push(`Stopped after budget.minutes (${minutes}); go on with --resume.`);
  } finally {
    journal.close();
  }
  writeRunFiles(folder, await summaries());
  return { folder, status };
}

function checkUnitData(data: unknown, experiment: PlannedExperiment, unit: string): UnitData {
  if (typeof data === "object" && data !== null && !Array.isArray(data)) return data as UnitData;
  throw new RefractError(
    "failed",
    `${experiment.name} (kind ${experiment.kind}): unit ${unit} gave ${JSON.stringify(data) ?? "nothing"}, expected an object.`,
  );
}

async function findRefusalTokens(
  material: RunMaterial,
  meter: ProgressMeter,
  warn: (sentence: string) => void,
): Promise<UnitData> {
  const { spec, model, sets } = material;
  const all = [...sets.values()].flat();
  // Those that train uses, so that no test prompt has a say in how it is scored.
  const train = all.some(({ split }) => split !== "test") ? all.filter(({ split }) => split !== "test") : all;
  const harmful = train.filter((prompt) => prompt.harmful === true);
  const given = spec.refusalTokens?.map((text) => {
    const [first] = model.tokenizer.ids(text);
    if (first === undefined) throw refused(`refusalTokens: "${text}" has no token in this model's vocabulary.`);
    return first;
  });
  const found = await deriveRefusalTokens(
    {
      engine: model.engine,
      decode: (ids) => model.tokenizer.decode(ids),
      signal: material.signal,
      advance: (passes) => meter.advance(passes),
    },
    harmful.length > 0 ? harmful : train,
    train.filter((prompt) => prompt.harmful === false),
    given ?? null,
    spec.seed,
  );
  for (const sentence of found.warnings) warn(sentence);
  return { ...found };
}
