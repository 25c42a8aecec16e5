import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { RefractError, refused } from "../../shared/errors.ts";
import type { Component } from "../../shared/plugin/component.ts";
import type { UnitData } from "../../shared/plugin/experiment-kind.ts";
import type { RefusalTokens, StudyPrompt } from "../../shared/plugin/study.ts";
import { readSpec } from "../../shared/spec/read-spec.ts";
import { problemLine } from "../../shared/spec/spec-problem.ts";
import type { Spec } from "../../shared/spec/spec-schema.ts";
import { deriveRefusalTokens } from "../experiments/study/derive-refusal-tokens.ts";
import type { PluginRegistry } from "../plugins/registry.ts";
import { openScorers } from "../scorers/open-scorers.ts";
import { openJournal } from "./journal.ts";
import { type ComponentRecord, loadComponent, makeComponent, storeComponent } from "./make-components.ts";
import { checkSameRun, hashedFile, type Manifest, modelFiles, readManifest, sha256 } from "./manifest.ts";
import { openStudy, type RunMaterial } from "./open-study.ts";
import { COMPONENTS, MODEL, neededSets, type PlannedExperiment, planRun, type RunPlan } from "./plan-run.ts";
import { ProgressMeter, type RunProgress } from "./progress.ts";
import { promptPath, promptSet, readPromptFile, templatePositions } from "./prompt-sets.ts";
import { readTaxonomy } from "./read-taxonomy.ts";
import { summariseRun, writeRunFiles } from "./run-document.ts";
import type { StudyModel } from "./study-model.ts";

export interface RunTools {
  /** Opens the registry with the built-in plugins and those of the spec. */
  registry(plugins: readonly string[]): Promise<PluginRegistry>;
  /** Opens the model that the spec names; `folder` is the spec's. */
  openModel(name: string, folder: string): Promise<StudyModel>;
  /** Versions for the manifest. */
  versions: Readonly<Record<string, string>>;
}

export interface RunRequest {
  specPath: string;
  /** Folder that run folders are made in. */
  out: string;
  /** A run folder to go on with. */
  resume: string | null;
  exhaustive: boolean;
  signal: AbortSignal;
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

/** A spec that was read and planned, with all that it needs open. */
export interface PreparedRun {
  material: RunMaterial;
  plan: RunPlan;
  manifest: Manifest;
  close(): Promise<void>;
}

/** Reads a spec file; refused with every problem on a line of its own. */
export function loadSpec(path: string, registry: PluginRegistry): { spec: Spec; text: string } {
  const text = readFileSync(path, "utf8");
  const { spec, problems } = readSpec(text, registry.vocabulary());
  if (!spec) throw refused(problems.map((problem) => problemLine(path, problem)).join("\n"));
  return { spec, text };
}

const pluginList = z.object({ plugins: z.array(z.string()).optional() });

/** Plugins must be known before the spec can be checked: their kinds are part of its schema. */
function pluginsOf(path: string): string[] {
  try {
    const parsed = pluginList.safeParse(parse(readFileSync(path, "utf8")));
    return (parsed.data?.plugins ?? []).map((plugin) => resolve(dirname(path), plugin));
  } catch {
    // Not YAML: reading the spec says where.
    return [];
  }
}

/** Opens and plans a spec: everything that can be refused before a run is. */
export async function prepareRun(
  request: Pick<RunRequest, "specPath" | "exhaustive" | "signal">,
  tools: RunTools,
): Promise<PreparedRun> {
  const specPath = resolve(request.specPath);
  if (!existsSync(specPath)) throw refused(`${specPath}: there is no such spec file.`);
  const registry = await tools.registry(pluginsOf(specPath));
  const { spec, text } = loadSpec(specPath, registry);
  const specFolder = dirname(specPath);
  const taxonomy = spec.taxonomy === undefined ? null : readTaxonomy(resolve(specFolder, spec.taxonomy));
  const names = neededSets(spec, registry);
  const files = new Map(
    [...new Set(names.map((name) => promptPath(specFolder, spec.prompts[name] ?? { file: "" })))].map((path) => [
      path,
      readPromptFile(path, registry.all("prompts")),
    ]),
  );
  const model = await tools.openModel(spec.model, specFolder);
  try {
    const sets = new Map<string, readonly StudyPrompt[]>();
    for (const name of names) {
      const set = spec.prompts[name];
      const file = set && files.get(promptPath(specFolder, set));
      if (set && file) sets.set(name, promptSet(name, set, file, model, spec.seed));
    }
    const positions = templatePositions([...sets.values()].flat());
    const { model: description } = model.engine;
    const plan = await planRun({
      spec,
      registry,
      layers: description.layers,
      positions,
      sets,
      exhaustive: request.exhaustive,
    });
    const manifest: Manifest = {
      refract: 1,
      versions: { ...tools.versions },
      started: new Date().toISOString(),
      spec: { path: specPath, sha256: sha256(text), text, resolved: spec },
      model: {
        name: spec.model,
        path: model.path,
        hash: description.hash,
        architecture: description.architecture,
        exporter: description.exporter,
        layers: description.layers,
        dModel: description.dModel,
        precision: description.precision,
        provider: description.provider,
        templateHash: model.tokenizer.templateHash,
        files: modelFiles(model.path),
      },
      seed: spec.seed,
      exhaustive: request.exhaustive,
      date: new Date().toISOString().slice(0, 10),
      prompts: [...files.values()].map(({ path, sha256: hash }) => ({ path, sha256: hash })),
      plugins: registry.plugins.filter(({ source }) => existsSync(source)).map(({ source }) => hashedFile(source)),
    };
    const scorers = await openScorers(spec.scorers, registry, specFolder);
    const material: RunMaterial = {
      spec,
      specPath,
      specFolder,
      model,
      registry,
      sets,
      positions,
      scorers,
      taxonomy,
      exhaustive: request.exhaustive,
      signal: request.signal,
      component: () => Promise.reject(new Error("components are made when a run begins")),
      search: () => Promise.reject(new Error("components are made when a run begins")),
      refusal: () => ({ ids: [], texts: [], agreement: null, checked: 0, rates: "score" }),
    };
    return {
      material,
      plan,
      manifest,
      // The model is the application's, which may have other uses for it.
      close: () => registry.close(),
    };
  } catch (error) {
    await registry.close();
    throw error;
  }
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
  const prepared = await prepareRun(request, tools);
  try {
    let folder: string;
    if (request.resume === null) {
      folder = newRunFolder(request.out, request.specPath, new Date());
      writeFileSync(join(folder, "manifest.json"), `${JSON.stringify(prepared.manifest, null, 2)}\n`);
    } else {
      folder = resolve(request.resume);
      checkSameRun(folder, readManifest(folder), prepared.manifest);
    }
    request.onFolder(folder);
    return await runUnits(prepared, folder, request);
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
      return { candidates: record?.candidates ?? [], because: record?.because ?? "" };
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
            (error instanceof RefractError && (error.code === "cancelled" || error.code === "engine-died"))
          )
            throw error;
          if (error instanceof RefractError && error.message.includes("results.ndjson")) throw error;
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
