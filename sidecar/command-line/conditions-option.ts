import type { EditReport } from "../../shared/engine/engine.ts";
import type { LoadedModel } from "../application/application.ts";
import { BUILT_IN_FORMATS } from "../dictionaries/open-dictionary.ts";
import { compileEditsFile } from "../edits/compile-edits-file.ts";
import type { CompiledCondition } from "../edits/compiled-condition.ts";
import { readEditsFile } from "../edits/read-edits-file.ts";
import { refuseUnreachable } from "../edits/touched-positions.ts";
import { say } from "./model-options.ts";

const BASELINE: CompiledCondition = {
  name: "baseline",
  edits: { rows: [], drops: [] },
  ...{ labels: [], notes: [], dictionaries: [] },
};

/** An edits file that was read, not yet compiled for a model; `null` where none was given. */
export async function readEdits(path: string | undefined) {
  return path === undefined ? null : { path, file: await readEditsFile(path) };
}

/**
 * Compiles the conditions for a model and holds their positions to the sequences; the baseline alone where there is no edits file.
 * @param generated how many tokens may follow each prompt.
 */
export async function conditionsOf(
  edits: Awaited<ReturnType<typeof readEdits>>,
  model: LoadedModel,
  sequences: readonly number[][],
  generated: number,
  dictionaryFormat: string | undefined,
): Promise<CompiledCondition[]> {
  if (edits === null) return [BASELINE];
  const compiled = await compileEditsFile(edits.file, {
    model: model.engine.model,
    path: edits.path,
    dictionaryFormats: BUILT_IN_FORMATS,
    ...(dictionaryFormat === undefined ? {} : { dictionaryFormat }),
  });
  const lengths = sequences.map((ids) => ids.length);
  for (const { edits: laneEdits, labels } of compiled) {
    for (const { positions, edit } of [...laneEdits.rows, ...laneEdits.drops]) {
      refuseUnreachable(positions, lengths, generated, `${edits.path}: ${labels[edit]}`);
    }
  }
  for (const note of new Set(compiled.flatMap(({ notes }) => notes))) say(`note: ${note}`);
  return compiled;
}

/** Says to stderr what each edit did over all its lanes; one that did nothing is a warning. */
export function sayReports(
  conditions: readonly CompiledCondition[],
  reports: readonly (readonly EditReport[])[][],
): void {
  for (const [c, condition] of conditions.entries()) {
    const lanes = reports[c] ?? [];
    for (const [edit, label] of condition.labels.entries()) {
      const own = lanes.map((lane) => lane.find((report) => report.edit === edit));
      const rows = own.reduce((sum, report) => sum + (report?.rows ?? 0), 0);
      const change = own.reduce((sum, report) => sum + (report?.rows ?? 0) * (report?.relativeChange ?? 0), 0);
      const without = own.filter((report) => (report?.rows ?? 0) === 0).length;
      if (rows === 0) say(`warning: ${label} touched no row: it did nothing`);
      else if (change === 0) say(`warning: ${label} touched ${rowCount(rows)} and changed nothing`);
      else say(`${label}: ${rowCount(rows)} touched, mean change ${percent(change / rows)} of the activation's length`);
      if (rows > 0 && without > 0) say(`warning: ${label} touched no row in ${without} of ${own.length} sequences`);
    }
  }
}

function rowCount(rows: number): string {
  return rows === 1 ? "1 row" : `${rows} rows`;
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(3)} %`;
}
