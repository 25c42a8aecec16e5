import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Capture } from "../../shared/engine/engine.ts";
import type { LaneEdits } from "../../shared/engine/slot-row.ts";
import type { CutModel } from "../../sidecar/engine/cut/block.ts";
import { ModelEngine } from "../../sidecar/engine/run/model-engine.ts";
import type { SessionSettings } from "../../sidecar/engine/run/session-options.ts";
import { timed } from "../support/bench/ratio.ts";
import { UntouchedModel } from "../support/bench/untouched-model.ts";

/** Of the prompt, and as many again written on. */
const LENGTH = 64;
const NOTHING: LaneEdits = { rows: [], drops: [] };

interface Compared {
  folder: string;
  cut: CutModel;
  settings: SessionSettings;
  tokens: number;
  prompt: (length: number, seed: number) => number[];
  edits: LaneEdits;
}

/**
 * The neighbouring tools on the same weights in float32, the same work here, and the untouched export's bare pass, which bounds what any tool
 * on this runtime can gain: seconds, and how many times longer a peer takes. A Python with torch and transformers (REFRACT_PYTHON, else
 * python3) and the weights as a Hugging Face folder beside the model (`../hf`) are needed; what is missing is said.
 */
export async function comparePeers({ folder, cut, settings, tokens, prompt, edits }: Compared): Promise<void> {
  const weights = join(folder, "..", "hf");
  const python = process.env.REFRACT_PYTHON ?? "python3";
  if (spawnSync(python, ["-c", "import torch, transformers"], { stdio: "ignore" }).status !== 0)
    return console.log(`\npeers left out: ${python} has no torch and transformers`);
  if (!existsSync(weights)) return console.log(`\npeers left out: ${weights} is not there`);

  const engine = new ModelEngine(cut, settings);
  const untouched = await UntouchedModel.load(cut, settings.threads);
  const captures = cut.hookPoints
    .filter((at) => at.startsWith("resid_post"))
    .map((at): Capture => ({ at, positions: "all" }));
  const prompts = (lanes: number) => Array.from({ length: lanes }, (_, seed) => prompt(LENGTH, seed));
  const steered = (lanes: number) => () =>
    engine.generate({
      lanes: prompts(lanes).map((ids) => ({ ids, edits })),
      maxNewTokens: LENGTH,
      temperature: 0,
      topP: 1,
      seeds: [],
      endTokens: [],
    });
  const captured = () =>
    engine.forward({ lanes: [{ ids: prompt(tokens, 0), edits: NOTHING }], captures, logits: "all" });
  const works: Record<string, { here: () => Promise<unknown>; bare: () => Promise<unknown> }> = {
    capture: { here: captured, bare: () => untouched.pass([prompt(tokens, 0)]) },
    "1 lane": { here: steered(1), bare: () => untouched.decode(prompts(1), LENGTH - 1) },
    "8 lanes": { here: steered(8), bare: () => untouched.decode(prompts(8), LENGTH - 1) },
  };
  const times: Record<string, { here: number[]; bare: number[] }> = {};
  const time = async (): Promise<void> => {
    for (const [work, { here, bare }] of Object.entries(works)) {
      const told = times[work] ?? { here: [], bare: [] };
      times[work] = told;
      await here();
      await bare();
      for (let turn = 0; turn < 3; turn++) {
        told.here.push((await timed(here)) / 1000);
        told.bare.push((await timed(bare)) / 1000);
      }
    }
  };

  // Before the peers and after them: a host's speed drifts over the minutes that they take.
  await time();
  const told = spawnSync(python, [join(import.meta.dirname, "peers.py"), weights, String(tokens)], {
    stdio: ["ignore", "pipe", "inherit"],
    encoding: "utf8",
  });
  await time();
  await engine.close();
  await untouched.release();

  console.log(
    `\n| ${tokens} tokens captured, or ${LENGTH} + ${LENGTH} tokens steered | s | here | bare | peer : here | peer : bare |`,
  );
  console.log("|---|---|---|---|---|---|");
  for (const line of told.stdout.split("\n")) {
    const [peer, work = "", seconds] = line.split("\t");
    const own = times[work];
    if (seconds === undefined || own === undefined) continue;
    const here = median(own.here);
    const bare = median(own.bare);
    const ratios = [here, bare].map((base) => (Number(seconds) / base).toFixed(2));
    console.log(`| ${peer}: ${work} | ${seconds} | ${here.toFixed(3)} | ${bare.toFixed(3)} | ${ratios.join(" | ")} |`);
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
