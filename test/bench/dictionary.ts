/**
 * `npm run bench -- dictionary [--features 24576,131072] [--d 576] [--rows 512] [--repeats 5]`: encoding and top-16 of `rows` tokens, in ratio
 * to the bare matrix product in the same runtime and, with a Python that has torch (REFRACT_PYTHON, else python3), to SAELens (or, where only
 * torch is there, to what it computes: x @ W_enc + b_enc, JumpReLU) and torch.topk on the same weights; and what
 * the pictures of features take on the demo model with a prompt of 200 tokens. Prints JSON; times are medians in milliseconds.
 */
import { spawnSync } from "node:child_process";
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
import { featureHeatmap } from "./feature-heatmap.ts";

const { values } = parseArgs({
  options: {
    features: { type: "string", default: "24576,131072" },
    d: { type: "string", default: "576" },
    rows: { type: "string", default: "512" },
    repeats: { type: "string", default: "5" },
  },
});
const [d, rows, repeats] = [values.d, values.rows, values.repeats].map(Number) as [number, number, number];
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

/** SAELens's own encoder where it is installed, else what it computes; the last column says which. */
const PEER = `
import sys, time, json, statistics, torch
path, rows, repeats = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
try:
    import sae_lens
    sae = sae_lens.SAE.load_from_disk(path, dtype="float32")
    encode, d, who = sae.encode, sae.cfg.d_in, f"sae-lens {sae_lens.__version__}, torch {torch.__version__}"
except ImportError:
    from safetensors.torch import load_file
    w = load_file(path + "/sae_weights.safetensors")
    d, who = w["W_enc"].shape[0], f"SAELens's formula, torch {torch.__version__}"
    def encode(x):
        pre = (x - w["b_dec"]) @ w["W_enc"] + w["b_enc"]
        return torch.relu(pre) * (pre > w["threshold"]).to(x.dtype)
torch.manual_seed(0)
x = torch.randn(rows, d)
def run():
    with torch.no_grad():
        return torch.topk(encode(x), 16, dim=-1)
run()
times = []
for _ in range(repeats):
    start = time.perf_counter(); run(); times.append(1000 * (time.perf_counter() - start))
print(json.dumps({"milliseconds": statistics.median(times), "threads": torch.get_num_threads(), "who": who}))
`;

interface Peer {
  milliseconds: number;
  threads: number;
  who: string;
}

function peer({ path }: Dictionary): Peer | null {
  const python = process.env.REFRACT_PYTHON ?? "python3";
  const { status, stdout } = spawnSync(python, ["-c", PEER, path, String(rows), String(repeats)], {
    encoding: "utf8",
  });
  // The library may say things of its own before the result.
  return status === 0 ? (JSON.parse(stdout.trim().split("\n").at(-1) ?? "null") as Peer) : null;
}

const results: unknown[] = [];
for (const features of values.features.split(",").map(Number)) {
  const dictionary = await randomDictionary(features);
  const random = seeded(9, "x");
  const activations = Float32Array.from({ length: rows * d }, () => random.normal());
  const sessions = new EncoderSessions({ provider: "cpu", threads: null }, 2 ** 33);
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
  const ours = await median(() => encode(sessions, request, {}));
  await sessions.release();
  // The product alone: a dictionary without thresholds whose reading of one feature is all that is asked for.
  const bare = encodeGraph(
    { ...dictionary, activation: { kind: "relu" }, subtractDecoderBias: false },
    { top: false, chosen: true, active: false, statistics: false, reconstruction: false },
  );
  const session = await InferenceSession.create(
    bare.graph,
    sessionOptions({ provider: "cpu", threads: null }, bare.folder),
  );
  const feeds = {
    x: new Tensor("float32", activations, [rows, d]),
    chosen: new Tensor("int64", BigInt64Array.of(0n), [1]),
  };
  const product = await median(() => session.run(feeds));
  await session.release();
  const saeLens = peer(dictionary);
  const ratios = { toProduct: ours / product, peerToOurs: saeLens === null ? null : saeLens.milliseconds / ours };
  results.push({ features, d, rows, opened, ours, product, saeLens, ...ratios });
}

const heatmap = await featureHeatmap(200, median);
await rm(folder, { recursive: true, force: true });
const cpu = cpus();
process.stdout.write(
  `${JSON.stringify({ cpu: cpu[0]?.model, cores: cpu.length, load: loadavg(), encode: results, heatmap }, null, 2)}\n`,
);
