import { RefractError } from "../../../shared/errors.ts";
import type { Dictionary } from "../../../shared/plugin/dictionary-format.ts";
import type { FeatureReference, Firing } from "../../../shared/protocol/feature-messages.ts";
import type { Call } from "../../../shared/protocol/interface.ts";
import type { LoadedModel } from "../application.ts";
import { checkFeature, dictionaryOf, NOTHING_ELSE } from "./suite-features.ts";

/** Prompts that go through the model together. */
const BATCH = 16;
/** How many of the prompts where it fires most are told. */
const MOST = 8;

export interface FiringRequest extends FeatureReference {
  suite: readonly Dictionary[];
  prompts: readonly { role: "system" | "user" | "assistant" | "tool"; text: string }[][];
}

/** Runs every prompt up to the dictionary's layer and tells where the feature fires. */
export async function featureFiring(
  model: LoadedModel,
  { layer, feature, suite, prompts }: FiringRequest,
  call: Call,
): Promise<Firing> {
  const { signal } = call;
  const dictionary = dictionaryOf(suite, layer);
  checkFeature(dictionary, feature);
  const tokenizer = await model.tokenizer();
  const { contextLength, dModel } = model.engine.model;
  const all = prompts.map((messages, prompt) => {
    const plain = messages.map(({ role, text }) => ({ role, text, segments: [] }));
    return { prompt, ids: tokenizer.ledger(plain).ids };
  });
  const fitting = all.filter(({ ids }) => contextLength === null || ids.length <= contextLength);
  const most: Firing["most"] = [];
  let tokens = 0;
  let fired = 0;
  for (let first = 0; first < fitting.length; first += BATCH) {
    if (signal.aborted) throw new RefractError("cancelled", "Looking for where the feature fires was stopped.");
    call.progress({ stage: `prompt ${first + 1} of ${fitting.length}`, fraction: first / fitting.length });
    const batch = fitting.slice(first, first + BATCH);
    const { captures } = await model.engine.forward(
      {
        lanes: batch.map(({ ids }) => ({ ids, edits: { rows: [], drops: [] } })),
        captures: [{ at: dictionary.reads, positions: "all" }],
        logits: "none",
      },
      { signal },
    );
    const streams = captures[dictionary.reads] ?? [];
    const rows = new Float32Array(streams.reduce((sum, stream) => sum + stream.length, 0));
    let end = 0;
    for (const stream of streams) {
      rows.set(stream, end);
      end += stream.length;
    }
    const { chosen } = await model.engine.encode(
      { ...NOTHING_ELSE, dictionary, activations: rows, features: [feature] },
      { signal },
    );
    let start = 0;
    for (const [lane, { prompt, ids }] of batch.entries()) {
      const count = (streams[lane]?.length ?? 0) / dModel;
      const found = firingIn(chosen.subarray(start, start + count));
      start += count;
      tokens += found.tokens;
      fired += found.fired;
      const token = tokenizer.decode([ids[found.position] ?? 0], { special: true });
      if (found.activation > 0) most.push({ prompt, token, ...found });
    }
    most.sort((a, b) => b.activation - a.activation || a.prompt - b.prompt);
    most.splice(MOST);
  }
  return { prompts: fitting.length, tokens, fired, tooLong: all.length - fitting.length, most };
}

/** One prompt's part: the first position, where activations are massive, is left out where there are others. */
function firingIn(activations: Float32Array): { activation: number; position: number; fired: number; tokens: number } {
  const from = activations.length > 1 ? 1 : 0;
  let position = from;
  let fired = 0;
  for (let at = from; at < activations.length; at++) {
    if ((activations[at] ?? 0) > 0) fired++;
    if ((activations[at] ?? 0) > (activations[position] ?? 0)) position = at;
  }
  return { activation: activations[position] ?? 0, position, fired, tokens: activations.length - from };
}
