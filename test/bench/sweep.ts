/**
 * `npm run bench -- sweep [MODEL] [--seeds 10] [--category cyber] [--hf FOLDER]`: the search for a direction by the reference's procedure (every
 * candidate, one at a time, three full passes over the validation prompts each) and by ours (filters first, restart at the edited layer, many
 * candidates in a batch, racing), on the same model, prompts and runtime. Where there is a Python with torch, transformers and onnx
 * (REFRACT_PYTHON, else python3), the reference's procedure runs there with hooks on the same weights (the demo model's, or those of the
 * checkpoint that `--hf` names), for every candidate; its logits are held against ours first.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Lane } from "../../shared/engine/engine.ts";
import { hookPoint } from "../../shared/engine/hook-point.ts";
import type { Study, StudyPrompt } from "../../shared/plugin/study.ts";
import { Application } from "../../sidecar/application/application.ts";
import {
  type Contender,
  choose,
  scoreCandidates,
  selectableLayers,
} from "../../sidecar/experiments/directions/candidate-scores.ts";
import { SELECTION_DEFAULTS } from "../../sidecar/experiments/directions/selection-rule.ts";
import { ablate, add, NO_EDITS } from "../../sidecar/experiments/study/edit-rows.ts";
import { firstTokenScore } from "../../sidecar/experiments/study/first-token.ts";
import { activationsAt, captureActivations } from "../../sidecar/experiments/study/stored-activations.ts";
import { openRegistry } from "../../sidecar/plugins/open-registry.ts";
import { promptSet, readPromptFile, templatePositions } from "../../sidecar/runs/prompt-sets.ts";
import { runTools } from "../../sidecar/runs/run-tools.ts";
import { differenceInMeans } from "../../sidecar/statistics/activations.ts";
import { klDivergence } from "../../sidecar/statistics/kl-divergence.ts";
import { seeded, shuffle } from "../../sidecar/statistics/random.ts";
import { logSoftmax } from "../../sidecar/statistics/softmax.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: "string", default: "10" },
    category: { type: "string", default: "cyber" },
    hf: { type: "string" },
  },
});
const called = process.env.INIT_CWD ?? process.cwd();
const name = positionals[0] ?? "demo";
const seeds = Number(values.seeds);
const signal = new AbortController().signal;
const application = new Application({
  provider: "cpu",
  threads: null,
  blocks: null,
  resolve: (path) => resolve(called, path),
});
const model = await runTools(application, signal).openModel(name, called);
const { engine, tokenizer } = model;
const registry = await openRegistry([]);
const samples = join(import.meta.dirname, "..", "..", "extension", "samples", "prompts", "all.jsonl");
const file = readPromptFile(samples, registry.all("prompts"));
const setOf = (category: string, harmful: boolean) =>
  promptSet(category, { file: "", where: { category }, harmful }, file, model, 7, new Date());
const positive = setOf(values.category, true);
const negative = setOf(`${values.category}_ok`, false);
const positions = templatePositions([...positive, ...negative]);
const refusalIds = (name === "demo" ? ["I", "No"] : ["I"]).flatMap((text) => tokenizer.ids(text).slice(0, 1));

let passes = 0;
function studyOf(seed: number): Study {
  const not = (what: string) => async (): Promise<never> => {
    throw new Error(`the benchmark has no ${what}`);
  };
  return {
    engine,
    seed,
    taxonomy: null,
    exhaustive: false,
    positions,
    sets: [],
    refusal: { ids: refusalIds, texts: [], agreement: null, checked: 0, rates: "score" },
    scorers: [],
    readings: [],
    signal,
    prompts: not("prompt sets"),
    component: not("components"),
    search: not("searches"),
    condition: not("conditions"),
    score: not("scorers"),
    read: not("readings"),
    decode: async (ids) => tokenizer.decode(ids),
    encode: not("encoder"),
    dictionaries: not("dictionaries"),
    decoderRows: not("dictionaries"),
    scaleFeatures: not("dictionaries"),
    readText: not("files"),
    advance: (count) => {
      passes += count;
    },
    warn: (sentence) => console.error(sentence),
  };
}

const split = (prompts: readonly StudyPrompt[], which: string) => prompts.filter((prompt) => prompt.split === which);
const layers = selectableLayers(engine.model.layers, null, SELECTION_DEFAULTS);
const study = studyOf(0);
const train = [
  await captureActivations(study, split(positive, "train"), { layers, positions }),
  await captureActivations(study, split(negative, "train"), { layers, positions }),
] as const;
const contenders = layers.flatMap((layer) =>
  positions.flatMap((position): Contender[] => {
    const vector = Float32Array.from(
      differenceInMeans({
        positive: activationsAt(train[0], layer, position),
        negative: activationsAt(train[1], layer, position),
      }),
    );
    return Math.hypot(...vector) > 1e-4 ? [{ layer, position, vector }] : [];
  }),
);
// The reference looks at every (position, layer), also at those whose difference is nothing.
const looked = layers.length * positions.length;

const mean = (all: readonly number[]) => all.reduce((sum, value) => sum + value, 0) / all.length;
async function logits(prompts: readonly StudyPrompt[], edits: Lane["edits"]): Promise<Float32Array[]> {
  const lanes = prompts.map(({ ids }): Lane => ({ ids, edits }));
  passes += lanes.length;
  return (await engine.forward({ lanes, captures: [], logits: "last" }, { signal })).logits;
}

/** The reference's procedure: ablation on harmful, ablation on harmless, addition on harmless, candidate by candidate. */
async function exhaustive(harmful: readonly StudyPrompt[], harmless: readonly StudyPrompt[]) {
  const baseline = (await logits(harmless, NO_EDITS)).map(logSoftmax);
  const finalists = [];
  for (const { layer, position, vector } of contenders) {
    const everywhere = ablate(engine.model.hookPoints, [vector]);
    const bypass = (await logits(harmful, everywhere)).map((row) => firstTokenScore(row, refusalIds));
    const kl = (await logits(harmless, everywhere)).map((row, i) => klDivergence(baseline[i] ?? [], logSoftmax(row)));
    const induced = (await logits(harmless, add(hookPoint("resid_pre", layer), vector))).map((row) =>
      firstTokenScore(row, refusalIds),
    );
    finalists.push({
      position,
      layer,
      refusal_score: mean(bypass),
      steering_score: mean(induced),
      kl_div_score: mean(kl),
    });
  }
  return finalists;
}

const ratios: number[] = [];
let same = 0;
let near = 0;
let worst = 0;
const oursSeconds: number[] = [];
const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? Number.NaN;
console.log(
  `${name}: ${engine.model.layers} layers, d ${engine.model.dModel}, ${looked} places, ${contenders.length} candidates, ${cpus().length} cores`,
);
for (let seed = 1; seed <= seeds; seed++) {
  const drawn = (prompts: readonly StudyPrompt[], label: string) =>
    shuffle([...prompts], seeded(seed, label)).slice(0, 32);
  const harmful = drawn(split(positive, "val"), "harmful");
  const harmless = drawn(split(negative, "val"), "harmless");
  passes = 0;
  const t0 = performance.now();
  const all = await exhaustive(harmful, harmless);
  const t1 = performance.now();
  const slowPasses = passes;
  passes = 0;
  const search = await scoreCandidates(studyOf(seed), contenders, harmful, harmless, SELECTION_DEFAULTS);
  const t2 = performance.now();
  const reference = choose({ finalists: all, raced: [] }, engine.model.layers, SELECTION_DEFAULTS).winner;
  const ours = choose(search, engine.model.layers, SELECTION_DEFAULTS).winner;
  const full = all.find(({ layer, position }) => layer === ours?.layer && position === ours.position);
  const gap = (full?.refusal_score ?? Number.NaN) - (reference?.refusal_score ?? Number.NaN);
  const equal = full !== undefined && full.layer === reference?.layer && full.position === reference.position;
  same += equal ? 1 : 0;
  near += equal || Math.abs(gap) <= 0.1 ? 1 : 0;
  worst = Math.max(worst, equal ? 0 : Math.abs(gap));
  ratios.push((t1 - t0) / (t2 - t1));
  oursSeconds.push((t2 - t1) / 1000);
  console.log(
    `seed ${seed}: reference ${((t1 - t0) / 1000).toFixed(2)} s (${slowPasses} passes), ours ${((t2 - t1) / 1000).toFixed(2)} s (${passes}), ratio ${ratios.at(-1)?.toFixed(1)}; winner ${reference?.layer}/${reference?.position} and ${ours?.layer}/${ours?.position}, bypass apart by ${equal ? 0 : gap.toFixed(2)}`,
  );
}
const sorted = [...ratios].sort((a, b) => a - b);
console.log(
  `ratio: median ${sorted[Math.floor(sorted.length / 2)]?.toFixed(1)} (${sorted[0]?.toFixed(1)} to ${sorted.at(-1)?.toFixed(1)}), goal 6; same winner in ${same} of ${seeds}, within 0.1 in ${near}, furthest ${worst.toFixed(2)}`,
);

const weights = values.hf === undefined ? (name === "demo" ? model.path : null) : resolve(called, values.hf);
if (weights !== null) {
  const python = process.env.REFRACT_PYTHON ?? "python3";
  const folder = mkdtempSync(join(tmpdir(), "refract-sweep-"));
  const pick = (prompts: readonly StudyPrompt[]) =>
    split(prompts, "val")
      .slice(0, 32)
      .map(({ ids }) => ids);
  const input = join(folder, "sweep.json");
  writeFileSync(
    input,
    JSON.stringify({
      harmful: pick(positive),
      harmless: pick(negative),
      candidates: contenders.map(({ layer, vector }) => ({ layer, vector: [...vector] })),
      threads: cpus().length,
    }),
  );
  const peer = spawnSync(python, [join(import.meta.dirname, "peers", "sweep.py"), weights, input], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (peer.status === 0) {
    const { seconds, logits: theirs } = JSON.parse(peer.stdout) as { seconds: number; logits: number[][] };
    const [first] = split(positive, "val");
    const everywhere = ablate(engine.model.hookPoints, [contenders[0]?.vector ?? []]);
    const ours = first ? [(await logits([first], NO_EDITS))[0], (await logits([first], everywhere))[0]] : [];
    const apart = ours.map((row, k) =>
      Math.max(...(row ?? []).map((value, i) => Math.abs(value - (theirs[k]?.[i] ?? Number.NaN)))),
    );
    const each = median(oursSeconds) / contenders.length;
    console.log(
      `hooks in PyTorch: ${seconds.toFixed(3)} s a candidate, ours ${each.toFixed(4)}: ratio ${(seconds / each).toFixed(1)}, goal 15; logits apart by at most ${apart.map((x) => x.toExponential(1)).join(" (none), ")} (ablated)`,
    );
  } else console.error(`the peer did not run: ${peer.error?.message ?? peer.stderr.trim().split("\n").at(-1)}`);
}
await registry.close();
await application.close();
