import { hookPoint } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { Dictionary } from "../../shared/plugin/dictionary-format.ts";
import type { Reading } from "../../shared/plugin/reading.ts";
import type { FeatureReference } from "../../shared/protocol/feature-messages.ts";
import type { Cell, Inspection, InspectParams } from "../../shared/protocol/inspect-messages.ts";
import { sameStream } from "../edits/same-stream.ts";
import { refuseDoubledBos } from "../engine/tokens/refuse-doubled-bos.ts";
import { logOdds } from "../readings/log-odds.ts";
import type { LoadedModel } from "./application.ts";
import type { FeatureLabels } from "./features/feature-labels.ts";
import { layerOf } from "./features/suite-features.ts";
import type { Pass, Passes } from "./passes.ts";
import { readDirection } from "./read-direction.ts";
import { firstTokens } from "./refusal-start.ts";

/** How many features the panel beside the heatmap has room for. */
const TOP_FEATURES = 8;

export interface InspectContext {
  model: LoadedModel;
  passes: Passes;
  reading: Reading;
  /** What must be known of the reading's values; empty where nothing must. */
  note: string;
  signal: AbortSignal;
}

/** Reads one prompt at every layer and token. The pass is shared between readings of the same prompt. */
export async function inspect(params: InspectParams, context: InspectContext): Promise<Inspection> {
  const started = performance.now();
  const { model, passes, reading, note, signal } = context;
  const tokenizer = await model.tokenizer();
  const { messages, lineStarts } = params.prompt;
  const ledger = tokenizer.ledger(messages, { lineStarts });
  refuseDoubledBos(ledger, "The prompt");
  const refusalTokens = firstTokens(tokenizer, params.refusalTokens);
  const { dModel, layers } = model.engine.model;
  const direction = params.direction === null ? null : await readDirection(params.direction, params.site, dModel);
  if (reading.needs.direction && direction === null) {
    throw refused(`The reading "${reading.id}" needs a direction: set refract.directions.`);
  }
  const pass = await passes.run(model, ledger, params.site, signal);
  // Both read the same pass and wait for the engine: side by side the way there and back is paid once.
  const [values, output] = await Promise.all([
    reading.read(
      {
        engine: model.engine,
        ledger,
        site: params.site,
        activations: pass.activations,
        logits: new Float32Array(),
        direction,
        refusalTokens,
      },
      { signal },
    ),
    readOutput(pass, refusalTokens, signal),
  ]);
  if (values.length !== layers * ledger.ids.length) {
    throw refused(
      `The reading "${reading.id}" returned ${values.length} values, expected ${layers} layers x ${ledger.ids.length} tokens.`,
    );
  }
  return {
    key: pass.key,
    model: model.name,
    provider: model.engine.model.provider,
    ledger,
    layers,
    site: params.site,
    reading: { id: reading.id, label: reading.label, unit: reading.unit, note },
    values,
    surprisal: output.surprisal,
    refusal:
      refusalTokens.length === 0
        ? null
        : {
            score: logOdds(output.refusal),
            probability: output.refusal,
            tokens: refusalTokens.map((id) => tokenizer.decode([id], { special: true })),
          },
    milliseconds: performance.now() - started,
    forwardMilliseconds: pass.milliseconds,
    warnings: ledger.warnings,
  };
}

/** What the model's own output says: each token's surprisal, and how likely a refusal begins after the last. */
async function readOutput(
  { model, ledger, final }: Pass,
  refusalTokens: readonly number[],
  signal: AbortSignal,
): Promise<{ surprisal: Float32Array; refusal: number }> {
  const { ids } = ledger;
  const tokens = [...new Set([...ids, ...refusalTokens])];
  const column = new Map(tokens.map((id, at) => [id, at]));
  const { logits, logSumExp } = await model.engine.lens(
    { activations: final, tokens, top: 0, full: false },
    { signal },
  );
  const logProbability = (position: number, id: number) =>
    (logits[position * tokens.length + (column.get(id) ?? 0)] ?? Number.NaN) - (logSumExp[position] ?? 0);
  const surprisal = new Float32Array(ids.length).fill(Number.NaN);
  for (let position = 1; position < ids.length; position++) {
    surprisal[position] = -logProbability(position - 1, ids[position] ?? -1);
  }
  const refusal = refusalTokens.reduce((sum, id) => sum + Math.exp(logProbability(ids.length - 1, id)), 0);
  return { surprisal, refusal: Math.min(1, refusal) };
}

/** What features of a cell are taken from; a suite or labels that can't be read leave none, with the reason in `note`. */
export interface CellFeatures {
  suite: readonly Dictionary[];
  labels: FeatureLabels;
  note: string;
}

/** What the logit lens and the suite's dictionary of that layer, where there is one, see in one cell of a pass. */
export async function inspectCell(
  pass: Pass,
  { layer, token, top }: { layer: number; token: number; top: number },
  { suite, labels, note }: CellFeatures,
  signal: AbortSignal,
): Promise<Cell> {
  const { engine } = pass.model;
  const { dModel, layers } = engine.model;
  const stream = pass.activations[hookPoint(pass.site, layer)];
  const count = pass.ledger.ids.length;
  if (stream === undefined || token < 0 || token >= count) {
    throw refused(
      `There is no cell at layer ${layer}, token ${token}: the inspection has ${layers} layers and ${count} tokens.`,
    );
  }
  const row = stream.slice(token * dModel, (token + 1) * dModel);
  const { topIds, topLogits, logSumExp } = await engine.lens(
    { activations: row, tokens: [], top, full: false },
    { signal },
  );
  const tokenizer = await pass.model.tokenizer();
  const nextTokens = Array.from(topIds, (id, at) => ({
    id,
    text: tokenizer.decode([id], { special: true }),
    probability: Math.exp((topLogits[at] ?? 0) - (logSumExp[0] ?? 0)),
  }));
  const features = (await topFeatures(pass, layer, row, suite, signal)).map(({ activation, ...feature }) => ({
    ...labels.named(feature),
    activation,
  }));
  return { nextTokens, features, note, norm: Math.hypot(...row) };
}

/** The strongest features of one row, strongest first; only those that fire. */
async function topFeatures(
  pass: Pass,
  layer: number,
  row: Float32Array,
  suite: readonly Dictionary[],
  signal: AbortSignal,
): Promise<(FeatureReference & { activation: number })[]> {
  const at = hookPoint(pass.site, layer);
  const dictionary = suite.find(({ reads }) => sameStream(reads, at));
  if (dictionary === undefined) return [];
  const wanted = { top: TOP_FEATURES, features: [], active: false, statistics: false, reconstruct: false };
  const { topFeatures: found, topActivations } = await pass.model.engine.encode(
    { dictionary, activations: row, ...wanted },
    { signal },
  );
  const layerOfSuite = layerOf(dictionary);
  return Array.from(found, (feature, at) => ({
    layer: layerOfSuite,
    feature,
    activation: topActivations[at] ?? 0,
  })).filter(({ activation }) => activation > 0);
}
