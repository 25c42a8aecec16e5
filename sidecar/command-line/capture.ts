import type { Command } from "commander";
import type { Capture, EditReport } from "../../shared/engine/engine.ts";
import type { HookPoint } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { Tensor } from "../../shared/tensors/tensor.ts";
import { matchHookPoints } from "../edits/match-hook-points.ts";
import { refuseUnwritable } from "../files/refuse-unwritable.ts";
import { writeSafetensors } from "../files/safetensors.ts";
import { addCheckOption, type CheckOptions, refuseUntrusted } from "./check-dictionaries.ts";
import { conditionsOf, readEdits, sayReports } from "./conditions-option.ts";
import { addInputOptions, type InputOptions, readInput, sequencesOf } from "./input-options.ts";
import { addModelOptions, type ModelOptions, say, withApplication } from "./model-options.ts";
import { startProgress } from "./progress.ts";

interface CaptureOptions extends ModelOptions, InputOptions, CheckOptions {
  hooks: string;
  out: string;
  edits?: string;
  dictionaryFormat?: string;
}

/** Sequences of one call: what is between two looks at the progress. */
const AT_ONCE = 16;

/** `refract capture`: activations at hook points, as a safetensors file. */
export function addCaptureCommand(program: Command, resolve: (path: string) => string): void {
  const command = program
    .command("capture")
    .description("Write activations at hook points, and logits, to a safetensors file.")
    .argument("<model>", "the model's folder, an .onnx file, or demo")
    .requiredOption("--hooks <list>", "names with commas between, * for any: resid_post.4, resid_mid.*, logits")
    .requiredOption("--out <file>", "the safetensors file to write")
    .option("--edits <file>", "an edits file: every prompt under each of its conditions")
    .option("--dictionary-format <id>", "the dictionaries' format, where two fit");
  addCheckOption(addModelOptions(addInputOptions(command))).action((name: string, options: CaptureOptions) =>
    withApplication(options, resolve, async (application, signal) => {
      const names = hookNames(options.hooks);
      await refuseUnwritable(resolve(options.out), "file", "--out");
      const input = await readInput(options, resolve);
      const edits = await readEdits(options.edits === undefined ? undefined : resolve(options.edits));
      const model = await application.openModel(name, { signal });
      const { engine } = model;
      for (const warning of engine.model.warnings) say(`warning: ${warning}`);
      const points = names.points.length === 0 ? [] : matchHookPoints(names.points, engine.model, "--hooks");
      const sequences = await sequencesOf(input, options, model);
      const conditions = await conditionsOf(edits, model, sequences, 0, options.dictionaryFormat);
      await refuseUntrusted(options, model, conditions, sequences, signal);
      const lanes = sequences.flatMap((ids) => conditions.map((condition) => ({ ids, edits: condition.edits })));
      const captures = points.map((at): Capture => ({ at, positions: "all" }));
      const reports: EditReport[][] = [];
      const taken: Taken = { captures: new Map(points.map((at) => [at, []])), logits: [] };
      const progress = startProgress("capture", lanes.length, "sequences");
      for (let first = 0; first < lanes.length; first += AT_ONCE) {
        const request = {
          lanes: lanes.slice(first, first + AT_ONCE),
          captures,
          logits: names.logits ? "all" : "none",
        } as const;
        const result = await engine.forward(request, { signal });
        for (const [at, rows] of taken.captures) rows.push(...(result.captures[at] ?? []));
        taken.logits.push(...result.logits);
        reports.push(...result.reports);
        progress.advance(request.lanes.length);
      }
      progress.stop();
      const lengths = lanes.map(({ ids }) => ids.length);
      const tensors = paddedTensors(taken, lengths, engine.model.dModel, names.logits ? engine.model.vocabSize : null);
      addIds(
        tensors,
        lanes.map(({ ids }) => ids),
      );
      await writeSafetensors(resolve(options.out), tensors);
      const count = conditions.length;
      sayReports(
        conditions,
        conditions.map((_, c) => reports.filter((_, lane) => lane % count === c)),
      );
    }),
  );
}

interface Taken {
  captures: Map<HookPoint, Float32Array[]>;
  logits: Float32Array[];
}

function hookNames(list: string): { points: string[]; logits: boolean } {
  const names = list.split(",").map((name) => name.trim());
  if (names.includes("")) throw refused(`--hooks: expected names with commas between, found ${JSON.stringify(list)}`);
  return { points: names.filter((name) => name !== "logits"), logits: names.includes("logits") };
}

function paddedTensors(
  taken: Taken,
  lengths: readonly number[],
  dModel: number,
  vocabSize: number | null,
): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [at, rows] of taken.captures) tensors.set(at, padded(rows, lengths, dModel));
  if (vocabSize !== null) tensors.set("logits", padded(taken.logits, lengths, vocabSize));
  return tensors;
}

/** `[sequence, position, width]`, zeros where a sequence is shorter than the longest. */
function padded(rows: readonly Float32Array[], lengths: readonly number[], width: number): Tensor {
  const longest = Math.max(...lengths);
  const data = new Float32Array(rows.length * longest * width);
  for (const [sequence, own] of rows.entries()) data.set(own, sequence * longest * width);
  return { dtype: "F32", shape: [rows.length, longest, width], data };
}

function addIds(tensors: Map<string, Tensor>, sequences: readonly (readonly number[])[]): void {
  const longest = Math.max(...sequences.map((ids) => ids.length));
  const ids = new BigInt64Array(sequences.length * longest);
  for (const [sequence, own] of sequences.entries()) {
    for (const [position, id] of own.entries()) ids[sequence * longest + position] = BigInt(id);
  }
  const lengths = BigInt64Array.from(sequences, (own) => BigInt(own.length));
  tensors.set("length", { dtype: "I64", shape: [sequences.length], data: lengths });
  tensors.set("ids", { dtype: "I64", shape: [sequences.length, longest], data: ids });
}
