import { type HookPoint, hookPoint, type Site } from "../../../shared/engine/hook-point.ts";
import type { LaneEdits } from "../../../shared/engine/slot-row.ts";
import { RefractError } from "../../../shared/errors.ts";
import type { Study, StudyPrompt } from "../../../shared/plugin/study.ts";
import type { Activations } from "../../statistics/activations.ts";
import { NO_EDITS } from "./edit-rows.ts";
import { runLanes } from "./run-lanes.ts";

/** Activations of prompts at chosen positions (negative from the prompt's end) of every chosen layer. */
export interface StoredActivations {
  prompts: readonly StudyPrompt[];
  positions: readonly number[];
  site: Site;
  dModel: number;
  /** `[prompts][positions, dModel]` by layer. */
  byLayer: ReadonlyMap<number, readonly Float32Array[]>;
  /** Next-token logits of the last position, by prompt; empty where they weren't asked for. */
  logits: readonly Float32Array[];
}

function refuseNaN(data: Float32Array, prompt: StudyPrompt, at: HookPoint): void {
  for (const value of data) {
    if (Number.isFinite(value)) continue;
    throw new RefractError(
      "failed",
      `prompt ${prompt.id} of ${prompt.set}: the activation at ${at} holds ${value}. A float16 export overflows where the stream is large: use a float32 export, or leave this prompt out.`,
    );
  }
}

/** Captures post-instruction positions (and the last instruction token, as position 0) of prompts, unedited where no edits are given. */
export async function captureActivations(
  study: Study,
  prompts: readonly StudyPrompt[],
  options: {
    layers: readonly number[];
    positions: readonly number[];
    site?: Site;
    logits?: boolean;
    edits?: LaneEdits;
  },
): Promise<StoredActivations> {
  const site = options.site ?? "resid_pre";
  const dModel = study.engine.model.dModel;
  const wantsInstruction = options.positions.includes(INSTRUCTION);
  // Where the last instruction token differs from prompt to prompt, positions are asked for by prompts of one shape together.
  const groups = new Map<number, number[]>();
  for (const [i, prompt] of prompts.entries()) {
    const key = wantsInstruction ? prompt.lastInstruction - prompt.ids.length : 0;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  }
  const byLayer = new Map<number, Float32Array[]>(
    options.layers.map((layer) => [layer, new Array<Float32Array>(prompts.length)]),
  );
  const logits = new Array<Float32Array>(options.logits ? prompts.length : 0);
  for (const [instruction, indices] of groups) {
    const positions = options.positions.map((position) => (position === INSTRUCTION ? instruction : position));
    const captures = options.layers.map((layer) => ({ at: hookPoint(site, layer), positions }));
    const lanes = indices.map((i) => ({ ids: prompts[i]?.ids ?? [], edits: options.edits ?? NO_EDITS }));
    const results = await runLanes(study, lanes, captures, options.logits ? "last" : "none");
    for (const [k, i] of indices.entries()) {
      const result = results[k];
      for (const layer of options.layers) {
        const at = hookPoint(site, layer);
        const data = result?.captures[at] ?? new Float32Array();
        refuseNaN(data, prompts[i] as StudyPrompt, at);
        (byLayer.get(layer) as Float32Array[])[i] = data;
      }
      if (options.logits) logits[i] = result?.logits ?? new Float32Array();
    }
  }
  return { prompts, positions: options.positions, site, dModel, byLayer, logits };
}

/** Stands for the last token of the user's last message in a list of positions. */
export const INSTRUCTION = 0;

/** `[n, dModel]` of one layer and position, for the prompts that `keep` chooses. */
export function activationsAt(
  stored: StoredActivations,
  layer: number,
  position: number,
  keep: (prompt: StudyPrompt, index: number) => boolean = () => true,
): Activations {
  const { dModel, prompts } = stored;
  const slot = stored.positions.indexOf(position);
  const rows = stored.byLayer.get(layer);
  if (slot < 0 || !rows) throw new RangeError(`Nothing is stored at layer ${layer}, position ${position}.`);
  const kept = prompts.map((_, i) => i).filter((i) => keep(prompts[i] as StudyPrompt, i));
  const data = new Float32Array(kept.length * dModel);
  for (const [k, i] of kept.entries()) {
    data.set((rows[i] as Float32Array).subarray(slot * dModel, (slot + 1) * dModel), k * dModel);
  }
  return { data, d: dModel, base: kept.map((i) => (prompts[i] as StudyPrompt).base) };
}
