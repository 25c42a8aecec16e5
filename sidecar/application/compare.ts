import type { EditReport } from "../../shared/engine/engine.ts";
import { refused } from "../../shared/errors.ts";
import type { CompareEvent, CompareParams, CompareResult } from "../../shared/protocol/compare-stream.ts";
import type { StreamCall } from "../../shared/protocol/interface.ts";
import { refuseDoubledBos } from "../engine/tokens/refuse-doubled-bos.ts";
import { logOdds } from "../readings/log-odds.ts";
import type { LoadedModel } from "./application.ts";
import { type ConditionTools, type ReadyCondition, readyCondition } from "./conditions.ts";
import type { DictionaryTrust } from "./dictionary-trust.ts";
import { klToBaseline } from "./kl-to-baseline.ts";
import { firstTokens } from "./refusal-start.ts";
import { TokenRelay } from "./token-relay.ts";

/** Replies to one prompt under several conditions, from one batch, as they come; then each one's KL to the baseline. */
export async function compare(
  params: CompareParams,
  model: LoadedModel,
  tools: Omit<ConditionTools, "model"> & { trust: DictionaryTrust },
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
  const conditions = await Promise.all(
    params.conditions.map((condition) => readyCondition(condition, { ...tools, model: engine.model })),
  );
  const confirmed = { prompts: [params.prompt.messages], confirmed: params.confirmedDictionaries };
  const untrusted: string[][] = [];
  for (const { dictionaries } of conditions) {
    untrusted.push(await tools.trust.require(model, dictionaries, confirmed, { signal }));
  }
  const lanes = conditions.map(({ edits }) => ({ ids: ledger.ids, edits }));

  call.progress({ stage: "scoring refusal", fraction: null });
  const refusalTokens = firstTokens(tokenizer, params.refusalTokens);
  const { logits } = await engine.forward({ lanes, captures: [], logits: "last" }, { signal });
  for (const [column, row] of logits.entries()) {
    const probability = probabilityOf(row, refusalTokens);
    await call.emit({ type: "refusal", column, score: logOdds(probability), probability });
  }

  call.progress({ stage: "generating", fraction: 0 });
  const relay = new TokenRelay(lanes.length, tokenizer, call);
  const begun = performance.now();
  const finishedAt = lanes.map(() => begun);
  const generated = await engine.generate(
    {
      lanes,
      maxNewTokens: params.maxNewTokens,
      temperature: params.temperature,
      topP: params.topP,
      seeds: lanes.map(() => params.seed),
    },
    {
      signal,
      onToken: (lane, id) => {
        finishedAt[lane] = performance.now();
        relay.push(lane, id);
      },
    },
  );
  await relay.end();
  for (const [column, { ids, finish, reports }] of generated.lanes.entries()) {
    const seconds = ((finishedAt[column] ?? begun) - begun) / 1000;
    await call.emit({
      type: "done",
      column,
      text: tokenizer.decode(ids),
      finish,
      tokensPerSecond: seconds > 0 ? ids.length / seconds : 0,
      effect: effectOf(reports),
      warnings: [...(untrusted[column] ?? []), ...warningsOf(conditions[column], reports)],
    });
  }

  const baseline = params.conditions.findIndex(({ file }) => file === null);
  const reply = baseline >= 0 ? (generated.lanes[baseline]?.ids ?? null) : params.baselineReply;
  if (reply !== null) {
    call.progress({ stage: "comparing distributions", fraction: null });
    const others = conditions.flatMap(({ edits }, column) => (column === baseline ? [] : [{ edits, column }]));
    const values = await klToBaseline(
      engine,
      ledger.ids,
      reply,
      others.map(({ edits }) => edits),
      signal,
    );
    for (const [at, { column }] of others.entries()) {
      await call.emit({ type: "kl", column, values: values[at] ?? new Float32Array() });
    }
  }
  return { milliseconds: performance.now() - started, warnings: ledger.warnings };
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

function warningsOf(condition: ReadyCondition | undefined, reports: readonly EditReport[]): string[] {
  const idle = reports.flatMap(({ edit, rows, relativeChange }) => {
    const label = condition?.labels[edit] ?? `edit ${edit}`;
    if (rows === 0) return [`${label} touched no row: it did nothing.`];
    return relativeChange === 0 ? [`${label} touched ${rows} rows and changed none of them.`] : [];
  });
  return [...(condition?.notes ?? []), ...idle];
}
