import { join } from "node:path";
import type { Command } from "commander";
import { refuseUnwritable } from "../files/refuse-unwritable.ts";
import { writeReport } from "../runs/write-report.ts";

/** `refract report`: one HTML file that opens offline. */
export function addReportCommand(program: Command, resolve: (path: string) => string): void {
  program
    .command("report")
    .description("Write a run's results as one HTML file that opens offline.")
    .argument("<run>", "the run's folder")
    .option("--out <file>", "the file to write; report.html in the run's folder by default")
    .action(async (run: string, options: { out?: string }) => {
      const folder = resolve(run);
      const out = options.out === undefined ? join(folder, "report.html") : resolve(options.out);
      if (options.out !== undefined) await refuseUnwritable(out, "file", "--out");
      writeReport(folder, out);
      process.stdout.write(`${out}\n`);
    });
}
