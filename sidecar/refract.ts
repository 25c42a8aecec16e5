import { resolve } from "node:path";
import { Command } from "commander";
import { addCaptureCommand } from "./command-line/capture.ts";
import { addDemoCommand } from "./command-line/demo.ts";
import { addInspectDictionaryCommand } from "./command-line/dictionary.ts";
import { errorText, exitCodeOf } from "./command-line/exit-code.ts";
import { addExportCommand } from "./command-line/export.ts";
import { addGenerateCommand } from "./command-line/generate.ts";
import { addInspectModelCommand } from "./command-line/inspect-model.ts";
import { addReportCommand } from "./command-line/report.ts";
import { addRunCommand } from "./command-line/run.ts";
import { addSelectCommand } from "./command-line/select.ts";
import { addServeCommand } from "./command-line/serve.ts";
import { addTokenizeCommand } from "./command-line/tokenize.ts";

/** npm runs scripts in the package's folder and says where the user called it. */
const called = process.env.INIT_CWD ?? process.cwd();
const fromCaller = (path: string): string => resolve(called, path);

/** The command line's door into the application. */
const program = new Command("refract").description("Find out how language models refuse.").exitOverride();
for (const add of [
  addInspectModelCommand,
  addInspectDictionaryCommand,
  addTokenizeCommand,
  addCaptureCommand,
  addGenerateCommand,
  addRunCommand,
  addReportCommand,
  addExportCommand,
  addDemoCommand,
  addSelectCommand,
  addServeCommand,
]) {
  add(program, fromCaller);
}

// A reader that has seen enough (`| head`) closes the pipe: nothing of that is the user's to read.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  const text = errorText(error);
  if (text !== null) process.stderr.write(`${text}\n`);
  process.exitCode = exitCodeOf(error);
}
