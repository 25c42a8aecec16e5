import { RefractError } from "../../shared/errors.ts";
import { executeRun, type RunOutcome, type RunRequest } from "../runs/execute-run.ts";
import type { RunTools } from "../runs/prepare-run.ts";
import { progressLine } from "./progress-line.ts";

/** Runs a spec with its progress, warnings and answers on stderr. */
export async function runWithProgress(
  request: Omit<RunRequest, "onProgress" | "onWarning" | "onExperiment" | "onFolder">,
  tools: RunTools,
): Promise<RunOutcome> {
  const display = progressLine();
  const outcome = await executeRun(
    {
      ...request,
      onProgress: ({ experiment, label, done, total, secondsLeft }) => {
        const name = experiment.startsWith("@") ? "" : `${experiment}: `;
        display.show({ label: `${name}${label}`, done, total, unit: "passes or so", secondsLeft });
      },
      onWarning: (sentence) => display.line(`warning: ${sentence}`),
      onExperiment: (experiment, state, sentences) => {
        display.line(`${experiment}: ${state === "done" ? "" : `${state}: `}${sentences[0] ?? ""}`);
        for (const sentence of sentences.slice(1)) display.line(`  ${sentence}`);
      },
      onFolder: (path) => display.line(`run folder: ${path}`),
    },
    tools,
  );
  display.clear();
  return outcome;
}

/** A run whose experiments are not all done ends its command with an error that says how to go on. */
export function refuseUnfinished({ folder, status }: RunOutcome): void {
  if (status === "failed") {
    throw new RefractError(
      "failed",
      `At least one experiment failed; the others are done. What failed runs again with --resume ${folder}.`,
    );
  }
  if (status === "cancelled") throw new RefractError("cancelled", `Stopped; go on with --resume ${folder}`);
}
