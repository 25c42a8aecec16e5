import { createHash } from "node:crypto";
import { type HookPoint, hookPoint, type Site } from "../../shared/engine/hook-point.ts";
import type { TokenLedger } from "../../shared/engine/token-ledger.ts";
import { refused } from "../../shared/errors.ts";
import type { LoadedModel } from "./application.ts";

/** One prompt's forward pass: what readings and the lens are taken from. */
export interface Pass {
  key: string;
  model: LoadedModel;
  ledger: TokenLedger;
  site: Site;
  activations: Partial<Record<HookPoint, Float32Array>>;
  /** The last layer's resid_post: what the model's own next-token distribution follows from. */
  final: Float32Array;
  milliseconds: number;
}

/** How many passes are kept: a pass over 200 tokens of a 2B model is 13 MB. */
const KEPT = 8;

/** Runs passes and keeps the latest, so that another reading of the same prompt, or a click on a cell, costs no pass. */
export class Passes {
  readonly #kept = new Map<string, Pass>();

  get(key: string): Pass {
    const pass = this.#kept.get(key);
    if (pass === undefined) throw refused("This inspection is no longer kept: inspect the prompt again.");
    return pass;
  }

  async run(model: LoadedModel, ledger: TokenLedger, site: Site, signal: AbortSignal): Promise<Pass> {
    const key = createHash("sha256")
      .update(`${model.path}\n${site}\n${ledger.ids.join(",")}`)
      .digest("base64url");
    const known = this.#kept.get(key);
    if (known !== undefined && known.model.engine === model.engine) {
      // The same ids may stand at other places of the file now.
      const moved = { ...known, ledger };
      this.#keep(moved);
      return moved;
    }
    const pass = await runPass(model, ledger, site, key, signal);
    this.#keep(pass);
    return pass;
  }

  #keep(pass: Pass): void {
    this.#kept.delete(pass.key);
    this.#kept.set(pass.key, pass);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }
}

async function runPass(
  model: LoadedModel,
  ledger: TokenLedger,
  site: Site,
  key: string,
  signal: AbortSignal,
): Promise<Pass> {
  const { contextLength, layers, hookPoints, architecture } = model.engine.model;
  const { ids } = ledger;
  if (contextLength !== null && ids.length > contextLength) {
    throw refused(`The prompt has ${ids.length} tokens, more than the model's context of ${contextLength}.`);
  }
  const points = Array.from({ length: layers }, (_, layer) => hookPoint(site, layer));
  const missing = points.find((point) => !hookPoints.includes(point));
  if (missing !== undefined) throw refused(`${architecture} has no hook point ${missing}: choose another site.`);
  const last = hookPoint("resid_post", layers - 1);
  const wanted = points.includes(last) ? points : [...points, last];
  const started = performance.now();
  const { captures } = await model.engine.forward(
    {
      lanes: [{ ids, edits: { rows: [], drops: [] } }],
      captures: wanted.map((at) => ({ at, positions: "all" })),
      logits: "none",
    },
    { signal },
  );
  const milliseconds = performance.now() - started;
  const activations = Object.fromEntries(points.map((point) => [point, captures[point]?.[0] ?? new Float32Array()]));
  return { key, model, ledger, site, activations, final: captures[last]?.[0] ?? new Float32Array(), milliseconds };
}
