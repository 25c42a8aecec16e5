import { join } from "node:path";
import type { Command } from "commander";
import type { ExperimentResult, ResultDocument } from "../../shared/plugin/result-document.ts";
import { SAMPLES } from "../application/model-path.ts";
import { readRunDocument } from "../exports/read-run.ts";
import { refuseUnwritable } from "../files/refuse-unwritable.ts";
import { runTools } from "../runs/run-tools.ts";
import { writeReport } from "../runs/write-report.ts";
import { addModelOptions, type ModelOptions, withApplication } from "./model-options.ts";
import { refuseUnfinished, runWithProgress } from "./run-with-progress.ts";
import { textTable } from "./text-table.ts";

/** `refract demo`: the whole story on the demo model, as tables on stdout and a report that opens offline. */
export function addDemoCommand(program: Command, resolve: (path: string) => string): void {
  const command = program
    .command("demo")
    .description("Take the demo model's refusal apart, print the verdicts and write a report.")
    .option("--out <dir>", "folder for the run", "runs");
  addModelOptions(command).action((options: ModelOptions & { out: string }) =>
    withApplication(options, resolve, async (application, signal) => {
      await refuseUnwritable(resolve(options.out), "folder", "--out");
      const request = {
        specPath: join(SAMPLES, "refusal.refract.yaml"),
        out: resolve(options.out),
        resume: null,
        exhaustive: false,
        from: null,
        signal,
      };
      const outcome = await runWithProgress(request, runTools(application, signal));
      const document = await readRunDocument(outcome.folder);
      const report = join(outcome.folder, "report.html");
      writeReport(outcome.folder, report);
      process.stdout.write(`${[...replies(document), verdicts(document), `Report: ${report}`].join("\n\n")}\n`);
      refuseUnfinished(outcome);
    }),
  );
}

/** One prompt of each comparison, with its reply under every condition. */
function replies({ experiments }: ResultDocument): string[] {
  return experiments.filter(({ kind }) => kind === "compare").flatMap(firstComparison);
}

function firstComparison({ evidence }: ExperimentResult): string[] {
  const row = Object.values(evidence)[0]?.rows[0];
  if (row === undefined) return [];
  const lines = row.outcomes.map(({ condition, class: said, reply }) => [condition, said ?? "", reply ?? ""]);
  return [`${row.prompt}\n${textTable(["condition", "class", "reply"], lines)}`];
}

function verdicts({ experiments }: ResultDocument): string {
  const lines = experiments.flatMap(({ name, verdicts: all }) =>
    all.map(({ of, verdict, layer }) => [name, of.join(", "), verdict, layer == null ? "" : String(layer)]),
  );
  return textTable(["experiment", "of", "verdict", "layer"], lines);
}
