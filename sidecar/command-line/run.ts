import { dirname, join } from "node:path";
import type { Command } from "commander";
import { RefractError } from "../../shared/errors.ts";
import { executeRun } from "../runs/execute-run.ts";
import { explainRun } from "../runs/explain-run.ts";
import type { RunProgress } from "../runs/progress.ts";
import { runTools } from "../runs/run-tools.ts";
import { addModelOptions, type ModelOptions, say, withApplication } from "./model-options.ts";

interface RunOptions extends ModelOptions {
  out?: string;
  resume?: string;
  explain?: boolean;
  exhaustive?: boolean;
}

const BAR = 24;
const TERMINAL_MS = 100;
const PLAIN_MS = 10_000;

function timeLeft(seconds: number | null): string {
  if (seconds === null) return "";
  return seconds < 90 ? `, ${Math.round(seconds)} s left` : `, ${Math.round(seconds / 60)} min left`;
}

/** Shows a run's progress on stderr: a bar on a terminal, a line now and then elsewhere. */
function progressDisplay(): { show(progress: RunProgress): void; line(text: string): void; clear(): void } {
  const terminal = process.stderr.isTTY === true;
  let shown = 0;
  const clear = () => {
    if (terminal) process.stderr.write("\r\x1b[K");
  };
  return {
    clear,
    show({ experiment, label, done, total, secondsLeft }) {
      const now = performance.now();
      if (now - shown < (terminal ? TERMINAL_MS : PLAIN_MS)) return;
      shown = now;
      const name = experiment.startsWith("@") ? "" : `${experiment}: `;
      if (terminal) {
        const full = total > 0 ? Math.round((done / total) * BAR) : 0;
        const bar = `[${"=".repeat(full)}${" ".repeat(BAR - full)}]`;
        process.stderr.write(
          `\r\x1b[K${bar} ${Math.round(total > 0 ? (100 * done) / total : 0)}% ${name}${label}${timeLeft(secondsLeft)}`,
        );
      } else {
        process.stderr.write(`${name}${label}: ${done} of about ${total} passes${timeLeft(secondsLeft)}\n`);
      }
    },
    line(text) {
      clear();
      say(text);
    },
  };
}

/** `refract run`: runs every experiment of a spec; the run folder's path is all that stdout gets. */
export function addRunCommand(program: Command, resolve: (path: string) => string): void {
  const command = program
    .command("run")
    .description("Run every experiment of a spec.")
    .argument("<spec>", "a *.refract.yaml file")
    .option("--out <dir>", "folder for run folders; runs beside the spec by default")
    .option("--resume <run>", "go on with this run folder")
    .option("--explain", "print the spec with every default and the passes it takes, and run nothing")
    .option("--exhaustive", "search every candidate on every prompt instead of racing");
  addModelOptions(command).action((spec: string, options: RunOptions) =>
    withApplication(options, resolve, async (application, signal) => {
      const specPath = resolve(spec);
      const tools = runTools(application, signal);
      const exhaustive = options.exhaustive === true;
      if (options.explain) {
        process.stdout.write(await explainRun({ specPath, exhaustive, signal }, tools));
        return;
      }
      const display = progressDisplay();
      const { folder, status } = await executeRun(
        {
          specPath,
          out: options.out === undefined ? join(dirname(specPath), "runs") : resolve(options.out),
          resume: options.resume === undefined ? null : resolve(options.resume),
          exhaustive,
          signal,
          onProgress: display.show,
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
      process.stdout.write(`${folder}\n`);
      if (status === "failed") {
        throw new RefractError(
          "failed",
          "At least one experiment failed; the others are done. What failed runs again with --resume.",
        );
      }
      if (status === "cancelled") throw new RefractError("cancelled", `Stopped; go on with --resume ${folder}`);
    }),
  );
}
