import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Command } from "commander";
import { refused } from "../../shared/errors.ts";
import { exportComponent } from "../exports/export-component.ts";
import { readRunComponent, readRunDocument } from "../exports/read-run.ts";
import { runTables } from "../exports/run-tables.ts";
import { tableAsCsv } from "../exports/table-as-csv.ts";
import { tableAsParquet } from "../exports/table-as-parquet.ts";
import { refuseUnwritable } from "../files/refuse-unwritable.ts";
import { readManifest } from "../runs/manifest.ts";

interface ExportOptions {
  format: string;
  out?: string;
  component?: string;
}

/** `refract export`: a run's tables, or one of its components as a file for other programs; prints the paths that it wrote. */
export function addExportCommand(program: Command, resolve: (path: string) => string): void {
  program
    .command("export")
    .description("Write a run's figures and verdicts as tables, or one of its components for other programs.")
    .argument("<run>", "the run's folder")
    .option("--format <format>", "csv or parquet, for tables", "csv")
    .option("--component <name>", "write this component, as .safetensors or .gguf (a llama.cpp control vector)")
    .option("--out <path>", "a folder for tables (the run's own by default), a file for a component")
    .action(async (run: string, { format, out, component }: ExportOptions) => {
      const folder = resolve(run);
      if (out !== undefined) await refuseUnwritable(resolve(out), component === undefined ? "folder" : "file", "--out");
      const written =
        component === undefined
          ? await exportTables(folder, format, out === undefined ? folder : resolve(out))
          : [await exportOne(folder, component, out, resolve)];
      process.stdout.write(`${written.join("\n")}\n`);
    });
}

async function exportTables(folder: string, format: string, out: string): Promise<string[]> {
  if (format !== "csv" && format !== "parquet") throw refused(`--format: expected csv or parquet, found ${format}`);
  const tables = runTables(await readRunDocument(folder));
  await mkdir(out, { recursive: true });
  const written: string[] = [];
  for (const table of tables) {
    const path = join(out, `${table.name}.${format}`);
    await writeFile(path, format === "csv" ? tableAsCsv(table) : tableAsParquet(table));
    written.push(path);
  }
  return written;
}

async function exportOne(
  folder: string,
  name: string,
  out: string | undefined,
  resolve: (path: string) => string,
): Promise<string> {
  const { architecture } = readManifest(folder).model;
  const path = resolve(out ?? `${name}.safetensors`);
  await exportComponent(await readRunComponent(folder, name), architecture, path);
  return path;
}
