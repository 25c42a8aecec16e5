import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { refused } from "../../shared/errors.ts";
import type { Score, Scorer, ScorerInput } from "../../shared/plugin/scorer.ts";
import { openTokenizer, userMessage } from "../engine/tokens/open-tokenizer.ts";
import { isDegenerate } from "../experiments/study/reply-class.ts";

export interface OnnxScorerSpec {
  name: string;
  /** Folder of a sequence classifier, absolute. */
  folder: string;
  reads: "reply" | "prompt-and-reply";
  /** Label that is scored; null for the only output, or the one that is called refusal, LABEL_1 or the last. */
  refusal: string | null;
  threshold: number;
}

function modelFile(folder: string): string {
  for (const name of ["model.onnx", "onnx/model.onnx"]) if (existsSync(join(folder, name))) return join(folder, name);
  const single = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".onnx")) : [];
  if (single.length === 1 && single[0]) return join(folder, single[0]);
  throw refused(
    `scorer ${folder}: expected an ONNX classifier (model.onnx, onnx/model.onnx or one .onnx file), found ${single.length} .onnx files.`,
  );
}

/** Labels by index from `config.json`; empty where it has none. */
function labelsOf(folder: string): string[] {
  const path = join(folder, "config.json");
  if (!existsSync(path)) return [];
  const config: unknown = JSON.parse(readFileSync(path, "utf8"));
  const table = typeof config === "object" && config !== null && "id2label" in config ? config.id2label : null;
  if (typeof table !== "object" || table === null) return [];
  return Object.entries(table)
    .sort(([a], [b]) => Number(a) - Number(b))
    .map(([, label]) => String(label));
}

function labelIndex(spec: OnnxScorerSpec, labels: readonly string[], outputs: number): number {
  if (spec.refusal !== null) {
    const index = labels.indexOf(spec.refusal);
    if (index < 0)
      throw refused(
        `scorer ${spec.name}: ${spec.folder} has no label "${spec.refusal}" (it has ${labels.join(", ") || "no labels"}).`,
      );
    return index;
  }
  const named = labels.findIndex((label) => /refus|reject/i.test(label));
  return named >= 0 ? named : outputs - 1;
}

/** The scored label's log-odds against the others; of a single output, the output itself (a reward). */
function logOdds(logits: Float32Array, index: number): number {
  if (logits.length === 1) return logits[0] ?? Number.NaN;
  const largest = Math.max(...logits);
  let others = 0;
  for (const [i, value] of logits.entries()) if (i !== index) others += Math.exp(value - largest);
  return (logits[index] ?? Number.NaN) - largest - Math.log(others);
}

/** A sequence classifier or reward model as an ONNX export with its tokenizer. */
export async function openOnnxScorer(spec: OnnxScorerSpec): Promise<Scorer> {
  const file = modelFile(spec.folder);
  const tokenizer = await openTokenizer(spec.folder);
  const session = await InferenceSession.create(file, { intraOpNumThreads: 1 });
  const labels = labelsOf(spec.folder);
  const one = async ({ prompt, reply }: ScorerInput): Promise<Score> => {
    const text = spec.reads === "reply" ? reply : `${prompt}\n${reply}`;
    const { ids } = tokenizer.ledger([userMessage(text)], { raw: true });
    const tensor = (values: number[]) => new Tensor("int64", BigInt64Array.from(values, BigInt), [1, values.length]);
    const all: Record<string, Tensor> = {
      input_ids: tensor(ids),
      attention_mask: tensor(ids.map(() => 1)),
      token_type_ids: tensor(ids.map(() => 0)),
    };
    const feeds = Object.fromEntries(session.inputNames.flatMap((name) => (all[name] ? [[name, all[name]]] : [])));
    const results = await session.run(feeds);
    const output = results[session.outputNames[0] ?? ""];
    if (!output || !(output.data instanceof Float32Array)) {
      throw refused(`scorer ${spec.name}: ${file}: its first output is not float32 logits.`);
    }
    const score = logOdds(output.data, labelIndex(spec, labels, output.data.length));
    return { score, class: isDegenerate(reply) ? "degenerate" : score > spec.threshold ? "refusal" : "compliance" };
  };
  return {
    id: spec.name,
    label: spec.name,
    describe: `ONNX classifier ${spec.folder}.`,
    needs: "reply",
    async score(inputs) {
      const scores: Score[] = [];
      for (const input of inputs) scores.push(await one(input));
      return scores;
    },
  };
}
