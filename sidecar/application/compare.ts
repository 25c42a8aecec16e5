import type { EditReport } from "../../shared/engine/engine.ts";
import { RefractError, refused } from "../../shared/errors.ts";
import type { CompareEvent, CompareParams, CompareResult } from "../../shared/protocol/compare-stream.ts";
import type { StreamCall } from "../../shared/protocol/interface.ts";
import { refuseDoubledBos } from "../engine/tokens/refuse-doubled-bos.ts";
import { logOdds } from "../readings/log-odds.ts";
import type { LoadedModel } from "./application.ts";
import { type ConditionTools, type ReadyCondition, readyCondition } from "./conditions.ts";
import { type DictionaryTrust, waitsForWord } from "./dictionary-trust.ts";
import { klToBaseline } from "./kl-to-baseline.ts";
import { firstTokens } from "./refusal-start.ts";
import { TokenRelay } from "./token-relay.ts";

type CompareTools = Omit<ConditionTools, "model"> & { trust: DictionaryTrust };

/** Replies to one prompt under several conditions, from one batch, as they come; then each one's KL to the baseline. A condition that can't run says so in its column. */
export async function compare(
  params: CompareParams,
  model: LoadedModel,
  tools: CompareTools,
  call: StreamCall<CompareEvent>,
): Promise<CompareResult> {
  const started = performance.now();
  const { engine } = model;
  const { signal } = call;
  const tokenizer = await model.tokenizer();
  const ledger = tokenizer.ledger(params.prompt.messages, { lineStarts: params.prompt.lineStarts });
  refuseDoubledBos(ledger, "The prompt");
  const { contextLength } = engine.model;
  if (contextLength !== null && ledger.ids.length >= contextLength) {
    throw refused(
      `The prompt has ${ledger.ids.length} tokens and the model's context is ${contextLength}: no room for a reply.`,
    );
  }
  const lanes = await readyLanes(params, model, tools, call);
  if (lanes.length === 0) return { milliseconds: performance.now() - started, warnings: ledger.warnings };
  const inputs = lanes.map(({ condition }) => ({ ids: ledger.ids, edits: condition.edits }));

  call.progress({ stage: "scoring refusal", fraction: null });
  const refusalTokens = firstTokens(tokenizer, params.refusalTokens);
  const { logits } = await engine.forward({ lanes: inputs, captures: [], logits: "last" }, { signal });
  for (const [at, row] of logits.entries()) {
    const lane = lanes[at];
    if (lane === undefined) continue;
    const probability = probabilityOf(row, refusalTokens);
    await call.emit({ type: "refusal", column: lane.column, score: logOdds(probability), probability });
  }

  call.progress({ stage: "generating", fraction: 0 });
  const relay = new TokenRelay(
    lanes.map(({ column }) => column),
    tokenizer,
    call,
  );
  const begun = performance.now();
  const finishedAt = lanes.map(() => begun);
  const generated = await engine.generate(
    {
      lanes: inputs,
      maxNewTokens: params.maxNewTokens,
      temperature: params.temperature,
      topP: params.topP,
      seeds: lanes.map(() => params.seed),
    },
    {
      signal,
      onToken: (at, id) => {
        const lane = lanes[at];
        if (lane === undefined) return;
        finishedAt[at] = performance.now();
        relay.push(lane.column, id);
      },
    },
  );
  await relay.end();
  for (const [at, { ids, finish, reports }] of generated.lanes.entries()) {
    const lane = lanes[at];
    if (lane === undefined) continue;
    const seconds = ((finishedAt[at] ?? begun) - begun) / 1000;
    await call.emit({
      type: "done",
      column: lane.column,
      text: tokenizer.decode(ids),
      finish,
      tokensPerSecond: seconds > 0 ? ids.length / seconds : 0,
      effect: effectOf(reports),
      warnings: [...lane.notes, ...warningsOf(lane.condition, reports)],
    });
  }

  const baseline = lanes.findIndex(({ column }) => params.conditions[column]?.file === null);
  const reply = baseline >= 0 ? (generated.lanes[baseline]?.ids ?? null) : params.baselineReply;
  if (reply !== null) {
    call.progress({ stage: "comparing distributions", fraction: null });
    const others = lanes.filter((_, at) => at !== baseline);
    const edits = others.map(({ condition }) => condition.edits);
    const values = await klToBaseline(engine, ledger.ids, reply, edits, signal);
    for (const [at, { column }] of others.entries()) {
      await call.emit({ type: "kl", column, values: values[at] ?? new Float32Array() });
    }
  }
  return { milliseconds: performance.now() - started, warnings: ledger.warnings };
}

/** A column that runs. */
interface ReadyLane {
  column: number;
  condition: ReadyCondition;
  /** What there is to say of the dictionaries that it runs with on the user's word. */
  notes: string[];
}

/** The columns that can run; those that can't are told why, and keep no other from running. */
async function readyLanes(
  params: CompareParams,
  model: LoadedModel,
  tools: CompareTools,
  call: StreamCall<CompareEvent>,
): Promise<ReadyLane[]> {
  const lanes: ReadyLane[] = [];
  for (const [column, chosen] of params.conditions.entries()) {
    try {
      const condition = await readyCondition(chosen, { ...tools, model: model.engine.model });
      const sample = [params.prompt.messages];
      const doubts = await tools.trust.doubts(model, condition.dictionaries, sample, { signal: call.signal });
      const open = doubts.filter(({ path }) => !params.confirmedDictionaries.includes(path));
      if (open.length > 0) {
        const unconfirmed = open.map(({ path }) => path);
        await call.emit({ type: "refused", column, message: waitsForWord(open), unconfirmed });
        continue;
      }
      const notes = doubts.map(({ why }) => `Not trusted, edited on your word: ${why}`);
      lanes.push({ column, condition, notes });
    } catch (error) {
      if (!(error instanceof RefractError) || error.code !== "refused") throw error;
      await call.emit({ type: "refused", column, message: error.message, unconfirmed: [] });
    }
  }
  return lanes;
}

function probabilityOf(logits: Float32Array, ids: readonly number[]): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const value of logits) if (value > most) most = value;
  let total = 0;
  for (const value of logits) total += Math.exp(value - most);
  const sum = ids.reduce((part, id) => part + Math.exp((logits[id] ?? Number.NEGATIVE_INFINITY) - most), 0);
  return Math.min(1, sum / total);
}

function effectOf(reports: readonly EditReport[]): { rows: number; relativeChange: number } | null {
  if (reports.length === 0) return null;
  const rows = reports.reduce((sum, report) => sum + report.rows, 0);
  const change = reports.reduce((sum, report) => sum + report.rows * report.relativeChange, 0);
  return { rows, relativeChange: rows === 0 ? 0 : change / rows };
}

function warningsOf(condition: ReadyCondition, reports: readonly EditReport[]): string[] {
  const idle = reports.flatMap(({ edit, rows, relativeChange }) => {
    const label = condition.labels[edit] ?? `edit ${edit}`;
    if (rows === 0) return [`${label} touched no row: it did nothing.`];
    return relativeChange === 0 ? [`${label} touched ${rows} rows and changed none of them.`] : [];
  });
  return [...condition.notes, ...idle];
}
