import { type Command, InvalidArgumentError } from "commander";
import { SELECTION_DEFAULTS, selectDirection } from "../experiments/directions/selection-rule.ts";
import { readCandidates } from "../runs/candidates-file.ts";

function number(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value)) throw new InvalidArgumentError("expected a number.");
  return value;
}

function layerCount(text: string): number {
  const value = number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError("expected a whole number of layers, 1 or more.");
  return value;
}

function share(text: string): number {
  const value = number(text);
  if (value < 0 || value >= 1)
    throw new InvalidArgumentError("expected a share of the layers: 0 or more, less than 1.");
  return value;
}

interface SelectOptions {
  layers: number;
  kl: number;
  induce: number;
  prune: number;
  component?: string;
}

/** `refract select`: applies the selection rule again. `resolve` makes a path relative to where the user called. */
export function addSelectCommand(program: Command, resolve: (path: string) => string): void {
  program
    .command("select")
    .description("Apply the selection rule again to a run's candidates or to a list of them.")
    .argument("<file-or-run>", "JSON list of candidates, or a run folder")
    .requiredOption("--layers <n>", "layers of the model", layerCount)
    .option("--kl <nats>", "largest change of harmless prompts under ablation", number, SELECTION_DEFAULTS.kl)
    .option("--induce <score>", "smallest score of harmless prompts under addition", number, SELECTION_DEFAULTS.induce)
    .option("--prune <share>", "share of layers left out at the end", share, SELECTION_DEFAULTS.prune)
    .option("--component <name>", "which component of the run")
    .option("--json", "print JSON (the only form there is)")
    .action((path: string, options: SelectOptions) => {
      const { candidates, leftEarly } = readCandidates(resolve(path), options.component ?? null);
      const { layers, kl, induce, prune } = options;
      const selection = selectDirection(candidates, layers, { kl, induce, prune });
      const because =
        leftEarly > 0
          ? `${selection.because} ${leftEarly} others left the race early and were not scored on all prompts; a run with --exhaustive has them all.`
          : selection.because;
      process.stdout.write(`${JSON.stringify({ ...selection, because })}\n`);
    });
}
