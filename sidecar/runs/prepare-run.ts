import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { refused } from "../../shared/errors.ts";
import type { StudyPrompt } from "../../shared/plugin/study.ts";
import { readSpec } from "../../shared/spec/read-spec.ts";
import { problemLine } from "../../shared/spec/spec-problem.ts";
import type { Spec } from "../../shared/spec/spec-schema.ts";
import { pluginsOfSpec } from "../plugins/plugins-of-spec.ts";
import type { PluginRegistry } from "../plugins/registry.ts";
import { openScorers } from "../scorers/open-scorers.ts";
import { hashedFile, type Manifest, modelFiles, sha256 } from "./manifest.ts";
import type { RunMaterial } from "./open-study.ts";
import { neededSets, planRun, type RunPlan } from "./plan-run.ts";
import { promptPath, promptSet, readPromptFile, templatePositions } from "./prompt-sets.ts";
import { readTaxonomy } from "./read-taxonomy.ts";
import type { StudyModel } from "./study-model.ts";

export interface RunTools {
  /** Opens the registry with the built-in plugins and those of the spec. */
  registry(plugins: readonly string[]): Promise<PluginRegistry>;
  /** Opens the model that the spec names; `folder` is the spec's. */
  openModel(name: string, folder: string): Promise<StudyModel>;
  /** Versions for the manifest. */
  versions: Readonly<Record<string, string>>;
}

export interface PrepareRequest {
  specPath: string;
  /** Search every candidate on every prompt. */
  exhaustive: boolean;
  /** The first experiment that runs; null for all. */
  from: string | null;
  /** The day that templates which write a date see, as `2026-01-31`; today where absent. A resumed run keeps its first day. */
  date?: string;
  signal: AbortSignal;
}

/** A spec that was read and planned, with all that it needs open. */
export interface PreparedRun {
  material: RunMaterial;
  plan: RunPlan;
  manifest: Manifest;
  close(): Promise<void>;
}

/** Reads a spec file; refused with every problem on a line of its own. */
function loadSpec(path: string, registry: PluginRegistry): { spec: Spec; text: string } {
  const text = readFileSync(path, "utf8");
  const { spec, problems } = readSpec(text, registry.vocabulary());
  if (!spec) throw refused(problems.map((problem) => problemLine(path, problem)).join("\n"));
  return { spec, text };
}

/** The experiments of a spec from one on, in its order. */
function startingAt(spec: Spec, from: string, path: string): Spec {
  const names = Object.keys(spec.experiments);
  const first = names.indexOf(from);
  if (first < 0) throw refused(`${path}: has no experiment "${from}" to run from (experiments: ${names.join(", ")}).`);
  return { ...spec, experiments: Object.fromEntries(Object.entries(spec.experiments).slice(first)) };
}

function today(): string {
  const now = new Date();
  const two = (value: number) => String(value).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

/** Opens and plans a spec: everything that can be refused before a run is. */
export async function prepareRun(request: PrepareRequest, tools: RunTools): Promise<PreparedRun> {
  const specPath = resolve(request.specPath);
  if (!existsSync(specPath)) throw refused(`${specPath}: there is no such spec file.`);
  // Plugins must be known before the spec can be checked: their kinds are part of its schema.
  const registry = await tools.registry(pluginsOfSpec(specPath, readFileSync(specPath, "utf8")));
  const { spec: whole, text } = loadSpec(specPath, registry);
  const spec = request.from === null ? whole : startingAt(whole, request.from, specPath);
  const day = request.date ?? today();
  // Noon by the clock on the wall: the day alone is kept, and no time zone turns it into another.
  const date = new Date(`${day}T12:00:00`);
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
      if (set && file) sets.set(name, promptSet(name, set, file, model, spec.seed, date));
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
      from: request.from,
      date: day,
      prompts: [...files.values()].map(({ path, sha256: hash }) => ({ path, sha256: hash })),
      plugins: registry.plugins.filter(({ source }) => existsSync(source)).map(({ source }) => hashedFile(source)),
    };
    const scorers = await openScorers(spec.scorers, registry, specFolder);
    const material: RunMaterial = {
      spec,
      specPath,
      specFolder,
      date,
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
