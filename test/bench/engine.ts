/**
 * `npm run bench -- engine MODEL [--pairs 20] [--tokens 512] [--steps 24] [--threads N]`: what capturing and editing cost, as ratios to the untouched export's bare pass in
 * the same runtime and the same run. MODEL is a folder with a float32 or int4 export. With a Python that has torch and transformers
 * (REFRACT_PYTHON, else python3) and the weights as a Hugging Face folder beside MODEL (`../hf`), the peers run on the same weights.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { Capture, GenerateRequest, Lane } from "../../shared/engine/engine.ts";
import type { HookPoint } from "../../shared/engine/hook-point.ts";
import type { LaneEdits, SlotRow } from "../../shared/engine/slot-row.ts";
import { cutModel } from "../../sidecar/engine/cut/cut-model.ts";
import { EngineClient } from "../../sidecar/engine/process/engine-client.ts";
import { runtimeVersion } from "../../sidecar/engine/run/checked-models.ts";
import { ModelEngine } from "../../sidecar/engine/run/model-engine.ts";
import { interleaved, type Ratio, timed } from "../support/bench/ratio.ts";
import { UntouchedModel } from "../support/bench/untouched-model.ts";
import { comparePeers } from "./engine-peers.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: "string", default: "20" },
    tokens: { type: "string", default: "512" },
    steps: { type: "string", default: "24" },
    threads: { type: "string" },
  },
});
const [given] = positionals;
if (given === undefined) throw new Error("usage: npm run bench -- engine MODEL");
const folder = resolve(process.env.INIT_CWD ?? process.cwd(), given);
const pairs = Number(values.pairs);
const tokens = Number(values.tokens);
const steps = Number(values.steps);
/** What eight lanes write in turn and together, after a prompt of as many tokens. */
const REPLY = 64;
const cut = cutModel(folder);
const whole = cutModel(folder, { blocks: 1 });
const threads = values.threads === undefined ? null : Number(values.threads);
const settings = { provider: "cpu", threads } as const;
const NOTHING: LaneEdits = { rows: [], drops: [] };

const idsOf = (length: number, seed: number): number[] =>
  Array.from({ length }, (_, i) => ((i + 1) * 7919 + seed * 104_729) % cut.vocabSize);
const vectorOf = (seed: number): Float32Array =>
  Float32Array.from({ length: cut.dModel }, (_, i) => Math.sin((i + 1) * (seed + 1)) / Math.sqrt(cut.dModel / 2));

function ablation(at: HookPoint, v: Float32Array): SlotRow {
  return { at, u: v, v, b: 0, theta: Number.NEGATIVE_INFINITY, c: 0, g: -1, positions: "all", edit: 0 };
}
const middle: HookPoint = `resid_post.${Math.floor(cut.layers / 2)}`;
const oneEdit = (seed: number): LaneEdits => ({ rows: [ablation(middle, vectorOf(seed))], drops: [] });
const everywhere: LaneEdits = { rows: cut.hookPoints.map((at) => ablation(at, vectorOf(1))), drops: [] };

const lane = (length: number, edits: LaneEdits, seed = 0): Lane => ({ ids: idsOf(length, seed), edits });

/** Median milliseconds of a step, over the steps after the first token. */
async function stepTime(engine: ModelEngine, lanes: readonly Lane[]): Promise<number> {
  const request: GenerateRequest = {
    lanes,
    maxNewTokens: steps + 1,
    temperature: 0,
    topP: 1,
    seeds: [],
    endTokens: [],
  };
  const at: number[] = [];
  await engine.generate(request, {
    onToken: (index) => {
      if (index === lanes.length - 1) at.push(performance.now());
    },
  });
  return median(at.slice(1).map((time, i) => time - (at[i] as number)));
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

const rows: string[] = [];
function row(what: string, ratio: Ratio, goal: string): void {
  const line = `| ${what} | ${ratio.median.toFixed(3)} | ${ratio.low.toFixed(3)} to ${ratio.high.toFixed(3)} | ${goal} | ${ratio.measured.toFixed(1)} | ${ratio.base.toFixed(1)} |`;
  rows.push(line);
  console.log(line);
}

console.log(`${folder}: ${cut.architecture}, ${cut.exporter}, ${cut.precision}, ${cut.layers} layers, d ${cut.dModel}`);
console.log(
  `${cpus()[0]?.model}, ${cpus().length} threads, ${(totalmem() / 2 ** 30).toFixed(0)} GiB; Node ${process.version}, onnxruntime-node ${runtimeVersion()}`,
);
console.log(`${pairs} interleaved pairs each; medians, and the middle half of the pairs\n`);
console.log("| what | ratio | middle half | goal | ms | base ms |\n|---|---|---|---|---|---|");

const untouched = await UntouchedModel.load(cut, threads);
const prompt = idsOf(tokens, 0);

{
  const engine = new ModelEngine(cut, settings);
  const captures = cut.hookPoints
    .filter((at) => at.startsWith("resid_post"))
    .map((at): Capture => ({ at, positions: "all" }));
  const capture = (logits: "last" | "all") => () =>
    timed(() => engine.forward({ lanes: [lane(tokens, NOTHING)], captures, logits }));
  const bare = () => timed(() => untouched.pass([prompt]));
  row(
    `capture of every layer, ${tokens} tokens, logits at every position : bare pass`,
    await interleaved(capture("all"), bare, pairs),
    "<= 1.05",
  );
  row(`the same with the last position's logits : bare pass`, await interleaved(capture("last"), bare, pairs), "");
  await engine.close();
}
{
  const plain = new ModelEngine(cut, settings);
  const one = new ModelEngine(cut, settings);
  const all = new ModelEngine(cut, settings);
  const single = new ModelEngine(whole, settings);
  const bare = async () => median((await untouched.decode([idsOf(64, 0)], steps)).steps);
  const step = (engine: ModelEngine, edits: LaneEdits) => () => stepTime(engine, [lane(64, edits)]);
  row("decode step with one edit : bare step", await interleaved(step(one, oneEdit(0)), bare, pairs), "<= 1.03");
  row(
    "decode step with edits at every hook point : bare step",
    await interleaved(step(all, everywhere), bare, pairs),
    "<= 1.10",
  );
  row(
    "decode step cut into blocks : whole",
    await interleaved(step(plain, NOTHING), step(single, NOTHING), pairs),
    "<= 1.02",
  );
  for (const engine of [plain, one, all, single]) await engine.close();
}
{
  const edited = new ModelEngine(cut, settings);
  const plain = new ModelEngine(cut, settings);
  const eight = (edits: (seed: number) => LaneEdits) => Array.from({ length: 8 }, (_, i) => lane(64, edits(i), i));
  const different = () => stepTime(edited, eight(oneEdit));
  const without = () =>
    stepTime(
      plain,
      eight(() => NOTHING),
    );
  row("step of 8 lanes with 8 edits : 8 without", await interleaved(different, without, pairs), "<= 1.05");
  const together = () => timed(() => edited.generate(requestOf(eight(oneEdit), REPLY)));
  const inTurn = () =>
    timed(async () => {
      for (const own of eight(oneEdit)) await edited.generate(requestOf([own], REPLY));
    });
  const ratio = await interleaved(inTurn, together, Math.max(3, Math.floor(pairs / 4)));
  row(`8 lanes in turn : 8 together (64 + ${REPLY} tokens)`, ratio, ">= 3.5");
  // What the runtime itself gains from a batch bounds what the engine can.
  const prompts = Array.from({ length: 8 }, (_, i) => idsOf(64, i));
  const bareTogether = () => timed(() => untouched.decode(prompts, REPLY - 1));
  const bareInTurn = () =>
    timed(async () => {
      for (const own of prompts) await untouched.decode([own], REPLY - 1);
    });
  row(
    "the same, bare: 8 in turn : 8 together",
    await interleaved(bareInTurn, bareTogether, Math.max(3, Math.floor(pairs / 4))),
    "",
  );
  row(
    "8 lanes with 8 edits : 8 bare",
    await interleaved(together, bareTogether, Math.max(3, Math.floor(pairs / 4))),
    "",
  );
  await edited.close();
  await plain.close();
}

function requestOf(lanes: Lane[], maxNewTokens: number): GenerateRequest {
  return { lanes, maxNewTokens, temperature: 0, topP: 1, seeds: [], endTokens: [] };
}
await untouched.release();

{
  const started = performance.now();
  const client = await EngineClient.open({
    path: folder,
    provider: "cpu",
    threads: null,
    blocks: null,
    checkedFolder: null,
  });
  let first: number | null = null;
  await client.generate(requestOf([lane(64, oneEdit(0))], steps), {
    onToken: () => {
      first ??= performance.now() - started;
    },
  });
  const resident = existsSync("/proc")
    ? Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${client.processId}/status`, "utf8"))?.[1]) / 1024
    : Number.NaN;
  const weights = cut.files.reduce((sum, file) => sum + statSync(file).size, 0) / 2 ** 20;
  console.log(`\nprocess start to first token: ${((first ?? Number.NaN) / 1000).toFixed(2)} s`);
  console.log(
    `resident ${resident.toFixed(0)} MiB, weights ${weights.toFixed(0)} MiB: ${(resident - weights).toFixed(0)} MiB above (goal <= 300)`,
  );
  await client.close();
}

await comparePeers({ folder, cut, settings, tokens, prompt: idsOf, edits: oneEdit(0) });
