import { dirname, resolve } from "node:path";
import type { HookPoint } from "../../shared/engine/hook-point.ts";
import type { ModelDescription } from "../../shared/engine/model-description.ts";
import type { Positions } from "../../shared/engine/positions.ts";
import type { LaneEdits, SlotRow } from "../../shared/engine/slot-row.ts";
import { refused } from "../../shared/errors.ts";
import type { Dictionary, DictionaryFormat } from "../../shared/plugin/dictionary-format.ts";
import type { EditsFile, FileEdit, FilePositions } from "../../shared/spec/edits-file.ts";
import { openDictionaries } from "../dictionaries/open-dictionary.ts";
import { norm, unit } from "../statistics/vectors.ts";
import type { CompiledCondition } from "./compiled-condition.ts";
import { dictionaryNotes, dictionaryRows } from "./dictionary-rows.ts";
import { loadVectors } from "./load-vectors.ts";
import { matchHookPoints } from "./match-hook-points.ts";
import { orthonormalise } from "./orthonormalise.ts";
import { overlapNotes } from "./overlap-notes.ts";
import { sameStream } from "./same-stream.ts";

export interface CompileContext {
  model: Pick<ModelDescription, "hookPoints" | "layers" | "architecture" | "dModel">;
  /** The edits file: paths in it are relative to its folder, messages name it. */
  path: string;
  dictionaryFormats: readonly DictionaryFormat[];
  /** Id of the dictionary format, where two fit. */
  dictionaryFormat?: string;
}

/** Turns the conditions of an edits file into slot rows: loads what it names and refuses what cannot run on this model. */
export async function compileEditsFile(file: EditsFile, context: CompileContext): Promise<CompiledCondition[]> {
  const compiled: CompiledCondition[] = [];
  for (const [c, condition] of file.conditions.entries()) {
    const labels: string[] = [];
    const parts: LaneEdits[] = [];
    const notes: string[] = [];
    const dictionaries: Dictionary[] = [];
    for (const [e, edit] of condition.edits.entries()) {
      const field = `${context.path}: conditions[${c}].edits[${e}]`;
      const at = matchHookPoints([edit.at].flat(), context.model, `${field}.at`);
      const place = { at, positions: positionsOf(edit.positions, field), edit: e, field };
      const { edits, notes: said, dictionary } = await compileEdit(edit, place, context);
      parts.push(edits);
      notes.push(...said);
      if (dictionary !== null) dictionaries.push(dictionary);
      labels.push(`condition "${condition.name}", edit ${e} (${edit.kind} at ${[edit.at].flat().join(", ")})`);
    }
    const edits = { rows: parts.flatMap(({ rows }) => rows), drops: parts.flatMap(({ drops }) => drops) };
    refuseTwoDrops(edits, `${context.path}: condition "${condition.name}"`);
    const named = overlapNotes(edits).map((note) => `condition "${condition.name}": ${note}`);
    compiled.push({ name: condition.name, edits, labels, notes: [...notes, ...named], dictionaries });
  }
  return compiled;
}

interface Place {
  at: HookPoint[];
  positions: Positions;
  edit: number;
  /** Where the edit stands, for messages. */
  field: string;
}

function positionsOf(positions: FilePositions | undefined, field: string): Positions {
  if (positions === undefined) return "all";
  if (typeof positions === "string" || Array.isArray(positions)) return positions;
  const from = positions.from ?? 0;
  const to = positions.to ?? null;
  if (to !== null && to <= from) {
    throw refused(`${field}.positions: from ${from} to ${to} holds no position (the end is exclusive)`);
  }
  return { from, to };
}

interface CompiledEdit {
  edits: LaneEdits;
  notes: string[];
  /** Of an edit by a feature. */
  dictionary: Dictionary | null;
}

async function compileEdit(edit: FileEdit, place: Place, context: CompileContext): Promise<CompiledEdit> {
  switch (edit.kind) {
    case "add":
      return steering(await addRow(edit, place, context), place);
    case "ablate":
      return steering(await ablationRows(edit, place, context), place);
    case "affine":
      return steering(await affineRow(edit, place, context), place);
    case "clamp":
    case "scale":
      return featureRows(edit, place, context);
  }
}

type RowBody = Omit<SlotRow, "at" | "positions" | "edit">;

function steering(bodies: RowBody[], { at, positions, edit }: Place): CompiledEdit {
  const rows = at.flatMap((point) => bodies.map((body): SlotRow => ({ ...body, at: point, positions, edit })));
  return { edits: { rows, drops: [] }, notes: [], dictionary: null };
}

const LINEAR = { b: 0, theta: Number.NEGATIVE_INFINITY };

async function oneVector(reference: string, { field }: Place, context: CompileContext): Promise<Float32Array> {
  const { rows, label } = await named(`${field}.vector`, reference, context);
  const [first] = rows;
  if (first === undefined || rows.length > 1) {
    throw refused(`${field}.vector: ${label} has ${rows.length} rows, expected one vector [${context.model.dModel}]`);
  }
  return first;
}

/** Loads vectors; a refusal also says which field of the edits file named the file. */
async function named(field: string, reference: string, { path, model }: CompileContext) {
  return loadVectors(reference, dirname(path), model.dModel).catch((cause: Error) => {
    throw refused(`${field}: ${cause.message}`, cause);
  });
}

async function addRow(edit: FileEdit & { kind: "add" }, place: Place, context: CompileContext): Promise<RowBody[]> {
  const v = await oneVector(edit.vector, place, context);
  return [{ u: null, v, c: edit.scale, g: 0, ...LINEAR }];
}

async function ablationRows(
  edit: FileEdit & { kind: "ablate" },
  place: Place,
  context: CompileContext,
): Promise<RowBody[]> {
  const { rows, label } = await named(`${place.field}.vectors`, edit.vectors, context);
  const found = orthonormalise(rows);
  if ("dependent" in found) {
    const row = rows[found.dependent] as Float32Array;
    const what =
      norm(row) === 0
        ? `row ${found.dependent} is zero: there is no direction to ablate`
        : `row ${found.dependent} lies in the span of the rows before it: the subspace is rank-deficient, expected ${rows.length} independent rows`;
    throw refused(`${place.field}.vectors: ${label}: ${what}`);
  }
  return found.basis.map((q) => ({ u: q, v: q, c: 0, g: -1, ...LINEAR }));
}

async function affineRow(
  edit: FileEdit & { kind: "affine" },
  place: Place,
  context: CompileContext,
): Promise<RowBody[]> {
  const vector = await oneVector(edit.vector, place, context);
  if (norm(vector) === 0) throw refused(`${place.field}.vector: ${edit.vector} is zero: it has no direction`);
  const direction = Float32Array.from(unit(vector));
  return [{ u: direction, v: direction, c: edit.target, g: -1, ...LINEAR }];
}

async function featureRows(
  edit: FileEdit & { kind: "clamp" | "scale" },
  { at, positions, edit: index, field }: Place,
  context: CompileContext,
): Promise<CompiledEdit> {
  const path = resolve(dirname(context.path), edit.dictionary);
  const dictionary = await theDictionary(path, at, field, context);
  const change =
    edit.kind === "clamp"
      ? ({ kind: "clamp", value: edit.value } as const)
      : ({ kind: "scale", factor: edit.factor } as const);
  const parts: LaneEdits[] = [];
  for (const point of at) {
    const place = { at: point, positions, edit: index };
    parts.push(await dictionaryRows(dictionary, [{ feature: edit.feature, change }], edit.error, place));
  }
  const edits = { rows: parts.flatMap(({ rows }) => rows), drops: parts.flatMap(({ drops }) => drops) };
  return { edits, notes: [...dictionary.warnings, ...dictionaryNotes(dictionary)], dictionary };
}

async function theDictionary(
  path: string,
  at: readonly HookPoint[],
  field: string,
  { model, dictionaryFormats, dictionaryFormat }: CompileContext,
): Promise<Dictionary> {
  const opened = await openDictionaries(path, dictionaryFormats, dictionaryFormat).catch((cause: Error) => {
    throw refused(`${field}.dictionary: ${cause.message}`, cause);
  });
  const fitting = opened.filter((dictionary) => at.every((point) => sameStream(dictionary.reads, point)));
  const [dictionary] = fitting;
  if (dictionary === undefined) {
    const made = [...new Set(opened.map(({ reads }) => reads))].join(", ");
    throw refused(`${field}.at: the dictionary ${path} was made at ${made}, the edit is at ${at.join(", ")}`);
  }
  if (fitting.length > 1) {
    const paths = fitting.map((candidate) => candidate.path).join(", ");
    throw refused(`${field}.dictionary: ${path} holds several dictionaries at ${at.join(", ")}: name one of ${paths}`);
  }
  if (!sameStream(dictionary.reads, dictionary.writes)) {
    throw refused(
      `${field}.dictionary: ${path} is a transcoder (${dictionary.reads} to ${dictionary.writes}): edits take autoencoders`,
    );
  }
  if (dictionary.dIn !== model.dModel) {
    throw refused(
      `${field}.dictionary: ${path} reads ${dictionary.dIn} dimensions, expected ${model.dModel} (d_model of the model)`,
    );
  }
  return dictionary;
}

function refuseTwoDrops({ drops }: LaneEdits, label: string): void {
  const seen = new Map<HookPoint, number>();
  for (const { at, edit } of drops) {
    const other = seen.get(at);
    if (other !== undefined && other !== edit) {
      throw refused(`${label}: edits ${other} and ${edit} both replace the stream at ${at} by a reconstruction`);
    }
    seen.set(at, edit);
  }
}
