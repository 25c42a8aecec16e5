import { resolve } from "node:path";
import { Command } from "commander";
import { vi } from "vitest";
import { addCaptureCommand } from "../../../sidecar/command-line/capture.ts";
import { errorText, exitCodeOf } from "../../../sidecar/command-line/exit-code.ts";
import { addGenerateCommand } from "../../../sidecar/command-line/generate.ts";
import { addInspectModelCommand } from "../../../sidecar/command-line/inspect-model.ts";

export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs a command of the command line here, without a process's start; the engine has its own process all the same. */
export async function refract(folder: string, ...args: string[]): Promise<Outcome> {
  const outcome: Outcome = { code: 0, stdout: "", stderr: "" };
  const program = new Command("refract").exitOverride().configureOutput({
    writeErr: (text) => {
      outcome.stderr += text;
    },
  });
  for (const add of [addInspectModelCommand, addCaptureCommand, addGenerateCommand]) {
    add(program, (path) => resolve(folder, path));
  }
  for (const command of program.commands) {
    command.exitOverride().configureOutput({
      writeErr: (text) => {
        outcome.stderr += text;
      },
    });
  }
  const spies = [
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      outcome.stdout += String(text);
      return true;
    }),
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      outcome.stderr += String(text);
      return true;
    }),
  ];
  try {
    await program.parseAsync(args, { from: "user" });
  } catch (error) {
    outcome.code = exitCodeOf(error);
    outcome.stderr += `${errorText(error) ?? ""}\n`;
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
  return outcome;
}
