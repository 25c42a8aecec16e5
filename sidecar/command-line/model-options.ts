import { type Command, InvalidArgumentError } from "commander";
import { RefractError } from "../../shared/errors.ts";
import { Application } from "../application/application.ts";
import { writeLoading } from "./loading-line.ts";

/** Options of every command that runs a model. */
export interface ModelOptions {
  provider: string;
  threads?: number;
  blocks?: number;
}

export function addModelOptions(command: Command): Command {
  return command
    .option("--provider <name>", "what computes: auto, cpu, webgpu, cuda, directml or coreml", "auto")
    .option("--threads <n>", "threads of one operator; default one per core", positiveInteger)
    .option("--blocks <n>", "how many blocks the model is cut into; default by its count of layers", positiveInteger);
}

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < 1) throw new InvalidArgumentError("expected a whole number, 1 or more.");
  return value;
}

/**
 * Runs a command's work with an application that is closed afterwards, and a signal that Ctrl+C aborts; a second Ctrl+C ends the process at once.
 */
export async function withApplication(
  options: ModelOptions,
  resolve: (path: string) => string,
  work: (application: Application, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const application = new Application({
    provider: options.provider,
    threads: options.threads ?? null,
    blocks: options.blocks ?? null,
    onLoading: writeLoading,
    resolve,
  });
  const controller = new AbortController();
  const interrupt = (): void => {
    if (controller.signal.aborted) process.exit(130);
    process.stderr.write("Stopping after what runs now; Ctrl+C again stops at once.\n");
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  try {
    await work(application, controller.signal);
    if (controller.signal.aborted) throw new RefractError("cancelled", "Stopped.");
  } finally {
    process.off("SIGINT", interrupt);
    await application.close();
  }
}

/** Writes a warning or a note to stderr. */
export function say(sentence: string): void {
  process.stderr.write(`${sentence}\n`);
}
