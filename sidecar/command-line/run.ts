import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { refuseUnwritable } from "../files/refuse-unwritable.ts";
import { explainRun } from "../runs/explain-run.ts";
import { runTools } from "../runs/run-tools.ts";
import { addModelOptions, type ModelOptions, withApplication } from "./model-options.ts";
import { refuseUnfinished, runWithProgress } from "./run-with-progress.ts";

interface RunOptions extends ModelOptions {
  out?: string;
  resume?: string;
  explain?: boolean;
  exhaustive?: boolean;
  from?: string;
}

/** `refract run`: runs every experiment of a spec; the run folder's path is all that stdout gets. */
export function addRunCommand(program: Command, resolve: (path: string) => string): void {
  const command = program
    .command("run")
    .description("Run every experiment of a spec.")
    .argument("<spec>", "a *.refract.yaml file")
    .option("--out <dir>", "folder for run folders; runs beside the spec by default")
    .option("--resume <run>", "go on with this run folder")
    .option("--from <experiment>", "leave out the experiments before this one")
    .option("--explain", "print the spec with every default and the passes it takes, and run nothing")
    .option("--exhaustive", "search every candidate on every prompt instead of racing");
  addModelOptions(command).action((spec: string, options: RunOptions) =>
    withApplication(options, resolve, async (application, signal) => {
      const specPath = resolve(spec);
      const tools = runTools(application, signal);
      const exhaustive = options.exhaustive === true;
      const from = options.from ?? null;
      if (options.explain) {
        process.stdout.write(await explainRun({ specPath, exhaustive, from, signal }, tools));
        return;
      }
      const out = options.out === undefined ? join(dirname(specPath), "runs") : resolve(options.out);
      if (options.resume === undefined && existsSync(specPath)) await refuseUnwritable(out, "folder", "--out");
      const outcome = await runWithProgress(
        {
          specPath,
          out,
          resume: options.resume === undefined ? null : resolve(options.resume),
          exhaustive,
          from,
          signal,
        },
        tools,
      );
      process.stdout.write(`${outcome.folder}\n`);
      refuseUnfinished(outcome);
    }),
  );
}
