import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ResultDocument } from "../../shared/plugin/result-document.ts";
import { Application } from "../../sidecar/application/application.ts";
import { executeRun } from "../../sidecar/runs/execute-run.ts";
import { runTools } from "../../sidecar/runs/run-tools.ts";
import { ENGINE_THREADS } from "./engine-threads.ts";
import { toyRequest } from "./toy-study.ts";

const SAMPLES = join(import.meta.dirname, "..", "..", "extension", "samples");

export interface SampleRun {
  status: string;
  folder: string;
  document: ResultDocument;
  /** Verdicts of one experiment by what they are of. */
  verdicts(experiment: string): Record<string, string>;
  figure(
    experiment: string,
    name: string,
    of: readonly string[],
  ): { estimate: number; low: number; high: number; n: number };
}

export interface SampleRunner {
  /** Runs a spec of `extension/samples` on the demo model, in a temporary run folder. */
  run(spec: string): Promise<SampleRun>;
  close(): Promise<void>;
}

/** Runs samples one after another on one open model: opening it costs as much as a small spec. */
export function openSampleRunner(): SampleRunner {
  const application = new Application({
    provider: "cpu",
    threads: ENGINE_THREADS,
    blocks: null,
    resolve: (path) => path,
  });
  return { run: (spec) => runSample(application, spec), close: () => application.close() };
}

async function runSample(application: Application, spec: string): Promise<SampleRun> {
  const signal = new AbortController().signal;
  const out = mkdtempSync(join(tmpdir(), "refract-sample-"));
  const { folder, status } = await executeRun(toyRequest(join(SAMPLES, spec), out), runTools(application, signal));
  const document = JSON.parse(readFileSync(join(folder, "document.json"), "utf8")) as ResultDocument;
  const experiment = (name: string) => {
    const found = document.experiments.find((one) => one.name === name);
    if (found?.status !== "done") throw new Error(`${name}: ${found?.message ?? "was not run"}`);
    return found;
  };
  return {
    status,
    folder,
    document,
    verdicts: (name) => Object.fromEntries(experiment(name).verdicts.map(({ of, verdict }) => [of.join("/"), verdict])),
    figure(name, what, of) {
      const found = experiment(name).figures.find((one) => one.name === what && one.of.join("/") === of.join("/"));
      if (!found || found.estimate === null) throw new Error(`${name}: no figure ${what} of ${of.join("/")}`);
      return { estimate: found.estimate, low: found.low ?? Number.NaN, high: found.high ?? Number.NaN, n: found.n };
    },
  };
}
