import { readdir, readFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import * as vscode from "vscode";

/** A run on disk, as far as a list shows it. */
export interface RunFolder {
  folder: string;
  /** Absolute path of the spec. */
  spec: string;
  model: string;
  started: Date;
  /** Experiments with the verdict words of their summary. */
  experiments: { name: string; kind: string; status: string; verdicts: string[] }[];
  /** It has a summary: at least one experiment is done. */
  summarised: boolean;
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch {
    // A run that is being written, or was stopped before its first result, has no such file yet.
    return null;
  }
}

/** Reads what a list shows of a run folder; `null` for a folder that is none. */
export async function readRunFolder(folder: string): Promise<RunFolder | null> {
  const { manifestSchema, summarySchema } = await import("./run-files.ts");
  const manifest = manifestSchema.safeParse(await readJson(join(folder, "manifest.json")));
  if (!manifest.success) return null;
  const summary = summarySchema.safeParse(await readJson(join(folder, "summary.json")));
  const experiments = summary.success ? Object.entries(summary.data.experiments) : [];
  return {
    folder,
    spec: resolve(dirname(dirname(folder)), manifest.data.spec.path),
    model: manifest.data.model.name,
    started: new Date(manifest.data.started),
    experiments: experiments.map(([name, { kind, status, verdicts }]) => ({
      name,
      kind,
      status,
      verdicts: verdicts.map(({ of, verdict }) => `${of.join(", ")}: ${verdict}`),
    })),
    summarised: summary.success,
  };
}

/** The runs at hand, newest first: those in `runs` folders beside the workspace's specs and those that are open. */
export async function findRuns(): Promise<RunFolder[]> {
  const inWorkspace = await vscode.workspace.findFiles("**/*.refract.yaml", "**/node_modules/**");
  const open = vscode.workspace.textDocuments
    .map(({ uri }) => uri)
    .filter(({ path }) => path.endsWith(".refract.yaml"));
  const specs = [...inWorkspace, ...open];
  const parents = new Set(specs.map((uri) => join(dirname(uri.fsPath), "runs")));
  const found = await Promise.all([...parents].map(runsIn));
  return found.flat().sort((a, b) => b.started.getTime() - a.started.getTime());
}

/** The runs of one spec, newest first. */
export async function runsOfSpec(spec: string): Promise<RunFolder[]> {
  const runs = await runsIn(join(dirname(spec), "runs"));
  return runs
    .filter((run) => basename(run.spec) === basename(spec))
    .sort((a, b) => b.started.getTime() - a.started.getTime());
}

async function runsIn(parent: string): Promise<RunFolder[]> {
  const names = await readdir(parent).catch((): string[] => []);
  const runs = await Promise.all(names.map((name) => readRunFolder(join(parent, name))));
  return runs.filter((run) => run !== null);
}
