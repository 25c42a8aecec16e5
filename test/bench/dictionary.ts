/**
 * `npm run bench -- dictionary [--features 24576,131072] [--d 576] [--rows 512] [--repeats 9] [--threads 0]`: encoding and top-16 of `rows` tokens, in ratio
 * to the bare matrix product in the same runtime and, with a Python that has torch (REFRACT_PYTHON, else python3), to SAELens (or, where only
 * torch is there, to what it computes: x @ W_enc + b_enc, JumpReLU) and torch.topk on the same weights; and what
 * the pictures of features take on the demo model with a prompt of 200 tokens. All are run in turn, and ratios are taken turn by turn, so that
 * what else the machine does falls on each. `--threads 0` leaves the threads to each runtime. Prints JSON; times are medians in milliseconds.
 */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { cpus, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Dictionary } from "../../shared/plugin/dictionary-format.ts";
import { BUILT_IN_FORMATS, openDictionaries } from "../../sidecar/dictionaries/open-dictionary.ts";
import { encode } from "../../sidecar/engine/dictionary/encode.ts";
import { encodeGraph } from "../../sidecar/engine/dictionary/encode-graph.ts";
import { EncoderSessions } from "../../sidecar/engine/dictionary/encoder-sessions.ts";
import { sessionOptions } from "../../sidecar/engine/run/session-options.ts";
import { writeSafetensors } from "../../sidecar/files/safetensors.ts";
import { seeded } from "../../sidecar/statistics/random.ts";
import { interleaved, timed } from "../support/bench/ratio.ts";
import { dictionaryPeer } from "./dictionary-peer.ts";
import { featureHeatmap } from "./feature-heatmap.ts";

const { values } = parseArgs({
  options: {
    features: { type: "string", default: "24576,131072" },
    d: { type: "string", default: "576" },
    rows: { type: "string", default: "512" },
    repeats: { type: "string", default: "9" },
    threads: { type: "string", default: "0" },
  },
});
const { d, rows, repeats, threads } = {
  d: Number(values.d),
  rows: Number(values.rows),
  repeats: Number(values.repeats),
  threads: Number(values.threads),
};
const settings = { provider: "cpu", threads: threads > 0 ? threads : null } as const;
const folder = await mkdtemp(join(tmpdir(), "refract-bench-"));

async function median(run: () => Promise<unknown>): Promise<number> {
  await run();
  const times: number[] = [];
  for (let i = 0; i < repeats; i++) {
    const started = performance.now();
    await run();
    times.push(performance.now() - started);
  }
  return times.sort((a, b) => a - b)[Math.floor(repeats / 2)] as number;
}

/** A JumpReLU dictionary with weights that are random but cheap to make: one block of normal numbers, again and again. */
async function randomDictionary(features: number): Promise<Dictionary> {
  const own = join(folder, String(features));
  await mkdir(own, { recursive: true });
  const random = seeded(5, "weights");
  const block = Float32Array.from({ length: 65_537 }, () => random.normal() / Math.sqrt(d));
  const tensor = (shape: number[], fill?: number) => {
    const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
    if (fill === undefined) for (let i = 0; i < data.length; i++) data[i] = block[i % block.length] as number;
    else data.fill(fill);
    return { dtype: "F32" as const, shape, data };
  };
  const weights = new Map([
    ["W_enc", tensor([d, features])],
    ["b_enc", tensor([features], 0)],
    ["W_dec", tensor([features, d])],
    ["b_dec", tensor([d], 0)],
    ["threshold", tensor([features], 1)],
  ]);
  await writeSafetensors(join(own, "sae_weights.safetensors"), weights);
  const config = {
    ...{ architecture: "jumprelu", d_in: d, d_sae: features, hook_name: "blocks.0.hook_resid_post" },
    ...{ dtype: "float32", device: "cpu", apply_b_dec_to_input: true, normalize_activations: "none", metadata: {} },
  };
  await writeFile(join(own, "cfg.json"), JSON.stringify(config));
  const [opened] = await openDictionaries(own, BUILT_IN_FORMATS);
  if (opened === undefined) throw new Error("nothing was opened");
  return opened;
}

const results: unknown[] = [];
for (const features of values.features.split(",").map(Number)) {
  const dictionary = await randomDictionary(features);
  const random = seeded(9, "x");
  const activations = Float32Array.from({ length: rows * d }, () => random.normal());
  const sessions = new EncoderSessions(settings, 2 ** 33);
  const request = {
    dictionary,
    activations,
    top: 16,
    features: [],
    active: false,
    statistics: false,
    reconstruct: false,
  };
  const opening = performance.now();
  await encode(sessions, { ...request, activations: activations.subarray(0, d) }, {});
  const opened = performance.now() - opening;
  // The product alone: a dictionary without thresholds whose reading of one feature is all that is asked for.
  const bare = encodeGraph(
    { ...dictionary, activation: { kind: "relu" }, subtractDecoderBias: false },
    { top: false, chosen: true, active: false, statistics: false, reconstruction: false },
  );
  const session = await InferenceSession.create(bare.graph, sessionOptions(settings, bare.folder));
  const feeds = {
    x: new Tensor("float32", activations, [rows, d]),
    chosen: new Tensor("int64", BigInt64Array.of(0n), [1]),
  };
  const ours = () => timed(() => encode(sessions, request, {}));
  const toProduct = await interleaved(ours, () => timed(() => session.run(feeds)), repeats);
  await session.release();
  const peer = await dictionaryPeer(dictionary.path, rows, threads);
  const peerToOurs =
    peer === null ? null : { who: peer.who, threads: peer.threads, ...(await interleaved(peer.run, ours, repeats)) };
  peer?.close();
  await sessions.release();
  const result = { features, d, rows, opened, toProduct, peerToOurs };
  process.stderr.write(`${JSON.stringify(result)}\n`);
  results.push(result);
}

const heatmap = await featureHeatmap(200, median);
await rm(folder, { recursive: true, force: true });
const cpu = cpus();
process.stdout.write(
  `${JSON.stringify({ cpu: cpu[0]?.model, cores: cpu.length, load: loadavg(), encode: results, heatmap }, null, 2)}\n`,
);
