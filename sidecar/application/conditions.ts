import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { parseHookPoint } from "../../shared/engine/hook-point.ts";
import type { ModelDescription } from "../../shared/engine/model-description.ts";
import type { LaneEdits } from "../../shared/engine/slot-row.ts";
import { refused } from "../../shared/errors.ts";
import type { Component } from "../../shared/plugin/component.ts";
import type { Dictionary, DictionaryFormat } from "../../shared/plugin/dictionary-format.ts";
import type { CompareCondition, OfferedCondition } from "../../shared/protocol/compare-stream.ts";
import { conditionEditSchema } from "../../shared/spec/condition-edit.ts";
import { editAtSlider } from "../../shared/spec/edit-at-slider.ts";
import { compileEditsFile } from "../edits/compile-edits-file.ts";
import { loadVectors } from "../edits/load-vectors.ts";
import { readEditsFile } from "../edits/read-edits-file.ts";
import { readSafetensorsHeader } from "../files/safetensors.ts";
import { compileCondition } from "../runs/compile-condition.ts";
import { conditionSlider } from "./condition-slider.ts";
import { describeEdits } from "./describe-edits.ts";

/** The parts of a spec that conditions need; whether the rest is right matters when it runs. */
const specSchema = z.object({
  components: z.record(z.string(), z.looseObject({})).default({}),
  conditions: z.record(z.string(), z.array(conditionEditSchema)).default({}),
});
type SpecConditions = z.output<typeof specSchema>;

const given = z.object({ at: z.string(), vector: z.string().optional(), vectors: z.string().optional() });

function isSpec(file: string): boolean {
  return /\.ya?ml$/i.test(file);
}

async function readSpec(file: string): Promise<SpecConditions> {
  let value: unknown;
  try {
    value = parse(await readFile(file, "utf8"));
  } catch (cause) {
    throw refused(
      `${file}: cannot be read as YAML (${cause instanceof Error ? cause.message : String(cause)}).`,
      cause,
    );
  }
  const spec = specSchema.safeParse(value);
  if (spec.success) return spec.data;
  const issue = spec.error.issues[0];
  throw refused(`${file}: ${issue?.path.map(String).join(".")}: ${issue?.message}.`, spec.error);
}

/** The conditions that an edits file or a spec offers. */
export async function listConditions(file: string): Promise<OfferedCondition[]> {
  const conditions = isSpec(file)
    ? Object.entries((await readSpec(file)).conditions).map(([name, edits]) => ({ name, edits }))
    : (await readEditsFile(file)).conditions;
  return conditions.map(({ name, edits }) => ({
    name,
    file,
    describe: describeEdits(edits),
    slider: conditionSlider(edits),
    edits,
  }));
}

export interface ReadyCondition {
  name: string;
  edits: LaneEdits;
  /** How messages call each edit, by index. */
  labels: string[];
  notes: string[];
  /** Those whose features it edits. */
  dictionaries: Dictionary[];
}

export interface ConditionTools {
  model: ModelDescription;
  dictionaryFormats: readonly DictionaryFormat[];
}

/** Turns a chosen condition into slot rows. Refused where its file has no condition of that name, or the model can't run it. */
export async function readyCondition(chosen: CompareCondition, tools: ConditionTools): Promise<ReadyCondition> {
  const { name, file, slider } = chosen;
  if (file === null) return { name, edits: { rows: [], drops: [] }, labels: [], notes: [], dictionaries: [] };
  if (isSpec(file)) return specCondition(name, file, slider, tools);
  const condition = (await readEditsFile(file)).conditions.find((one) => one.name === name);
  if (condition === undefined) throw refused(`${file}: has no condition "${name}" any more.`);
  const edits = condition.edits.map((edit) => (slider === null ? edit : editAtSlider(edit, slider)));
  const [compiled] = await compileEditsFile({ conditions: [{ name, edits }] }, { ...tools, path: file });
  if (compiled === undefined) throw refused(`${file}: the condition "${name}" holds nothing.`);
  return compiled;
}

async function specCondition(
  name: string,
  file: string,
  slider: CompareCondition["slider"],
  tools: ConditionTools,
): Promise<ReadyCondition> {
  const spec = await readSpec(file);
  const written = spec.conditions[name];
  if (written === undefined) throw refused(`${file}: has no condition "${name}" any more.`);
  const edits = written.map((edit) => (slider === null ? edit : editAtSlider(edit, slider)));
  const compiled = await compileCondition(name, edits, {
    ...tools,
    specPath: file,
    component: (component) => findComponent(component, spec, file, tools.model),
  });
  const labels = edits.map((edit, at) => `condition "${name}", edit ${at} (${describeEdits([edit])})`);
  return { name, ...compiled, labels };
}

/** A component that the spec gives as a file, or that the newest run beside the spec has found. */
async function findComponent(
  name: string,
  spec: SpecConditions,
  file: string,
  model: ModelDescription,
): Promise<Component> {
  const written = given.safeParse(spec.components[name]);
  if (written.success) {
    const reference = written.data.vector ?? written.data.vectors ?? "";
    const { rows } = await loadVectors(reference, dirname(file), model.dModel);
    return component(name, written.data.at, rows);
  }
  const runs = join(dirname(file), "runs");
  const newest = await newestFile(runs, `component.${name.replace(/[^\w.-]/g, "_")}.safetensors`);
  if (newest === null) {
    throw refused(
      `${file}: component "${name}" is not found yet: run an experiment of this spec first (no run in ${runs} has it).`,
    );
  }
  const header = await readSafetensorsHeader(newest);
  const { rows } = await loadVectors(`${newest}#vectors`, "/", model.dModel);
  return component(name, header.metadata.at ?? "", rows);
}

function component(name: string, at: string, vectors: Float32Array[]): Component {
  const place = parseHookPoint(at);
  if (place === null) throw refused(`component "${name}": "${at}" is not a hook point.`);
  return {
    name,
    ...place,
    position: null,
    vectors,
    provenance: { method: "given", modelHash: null, precision: null, templateHash: null, position: null, prompts: [] },
    foundFrom: null,
  };
}

/** The newest file of a name in the folders of a folder. */
async function newestFile(folder: string, name: string): Promise<string | null> {
  const runs = await readdir(folder).catch((): string[] => []);
  const found = await Promise.all(
    runs.map(async (run) => {
      const path = resolve(folder, run, name);
      const time = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => null,
      );
      return time === null ? [] : [{ path, time }];
    }),
  );
  return found.flat().sort((a, b) => b.time - a.time)[0]?.path ?? null;
}
