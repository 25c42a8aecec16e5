import { basename } from "node:path";
import * as vscode from "vscode";
import { RefractError, refused } from "../../shared/errors.ts";
import { lineStartsOf } from "../../shared/prompts/line-starts.ts";
import type { Prompt } from "../../shared/prompts/prompt.ts";
import type { CompareEvent, OfferedCondition } from "../../shared/protocol/compare-stream.ts";
import type { CompareColumn, Comparison, ToCompare } from "../../shared/protocol/pages/compare-messages.ts";
import type { DictionaryTrust } from "../dictionaries/dictionary-trust.ts";
import { type Models, modelName } from "../models/models.ts";
import type { PromptFiles } from "../prompts/prompt-files.ts";
import { readSettings } from "../settings.ts";
import { sentenceOf } from "../show-problem.ts";
import type { Sidecar } from "../sidecar/sidecar.ts";
import { afterEvent, begun, columnOf, columnsToRun, wireCondition } from "./comparison-run.ts";

export interface ComparisonParts {
  sidecar: Sidecar;
  models: Models;
  files: PromptFiles;
  trust: DictionaryTrust;
}

/** What a comparison runs on. */
export interface ComparedPrompt {
  document: vscode.TextDocument;
  prompt: Prompt;
}

/** A comparison that can be run, changed and run again; tells its page what becomes of it. */
export class LiveComparison {
  readonly #parts: ComparisonParts;
  readonly #tell: (message: ToCompare) => void;
  #comparison: Comparison;
  /** It is of an earlier session, and nothing of it has run since. */
  #saved: boolean;
  #running: AbortController | null = null;

  constructor(
    parts: ComparisonParts,
    { comparison, saved }: { comparison: Comparison; saved: boolean },
    tell: (message: ToCompare) => void,
  ) {
    this.#parts = parts;
    this.#comparison = comparison;
    this.#saved = saved;
    this.#tell = tell;
  }

  get comparison(): Comparison {
    return this.#comparison;
  }

  column(at: number): CompareColumn {
    const column = this.#comparison.columns[at];
    if (column === undefined) throw refused(`The comparison has no column ${at + 1}.`);
    return column;
  }

  tellAll(): void {
    this.#tell({ type: "comparison", comparison: this.#comparison, saved: this.#saved });
  }

  stop(): void {
    this.#running?.abort();
  }

  pin(at: number): void {
    this.#comparison = { ...this.#comparison, baseline: at };
    this.tellAll();
  }

  async setSlider(at: number, value: number): Promise<void> {
    const { slider, ...column } = this.column(at);
    if (slider === null) return;
    this.#put(at, { ...column, slider: { ...slider, value } });
    await this.run([at]);
  }

  async remove(at: number): Promise<void> {
    if (this.column(at).file === null) throw refused("The baseline stays: the others are compared with it.");
    this.stop();
    this.#comparison = { ...this.#comparison, columns: this.#comparison.columns.toSpliced(at, 1), baseline: 0 };
    this.tellAll();
    if (!this.#saved) await this.run([]);
  }

  async add(condition: OfferedCondition): Promise<void> {
    this.#comparison = { ...this.#comparison, columns: [...this.#comparison.columns, columnOf(condition)] };
    this.tellAll();
    await this.run([]);
  }

  async runAll(): Promise<void> {
    await this.run(this.#comparison.columns.map((_, at) => at));
  }

  /** Runs what has changed and what isn't finished; what was running is cancelled. */
  async run(changed: readonly number[]): Promise<void> {
    this.stop();
    this.#running = null;
    let columns = columnsToRun(this.#comparison.columns, changed);
    if (columns.length === 0) return;
    const controller = new AbortController();
    this.#running = controller;
    this.#begin(columns);
    try {
      const compared = await this.compared();
      if (controller.signal.aborted) throw new RefractError("cancelled", "Stopped.");
      const text = promptText(compared.prompt);
      if (text !== this.#comparison.prompt) {
        // Replies to another text can't stand beside these.
        this.#comparison = { ...this.#comparison, prompt: text };
        columns = this.#comparison.columns.map((_, at) => at);
        this.#begin(columns);
        this.tellAll();
      }
      await this.#stream(compared, columns, controller.signal);
    } catch (error) {
      if (this.#running !== controller) return;
      const failure = controller.signal.aborted ? "Stopped." : sentenceOf(error);
      for (const at of columns) {
        const column = this.column(at);
        const ran = column.state === "waiting" || column.state === "streaming";
        if (ran) this.#setColumn(at, { ...column, state: "failed", failure });
      }
      if (!controller.signal.aborted) throw error;
    } finally {
      if (this.#running === controller) this.#running = null;
    }
  }

  /** The prompt as its document has it now. */
  async compared(): Promise<ComparedPrompt> {
    const { of } = this.#comparison;
    const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(of.document));
    const { prompts } = await this.#parts.files.parse(document);
    const prompt = prompts[of.prompt];
    if (prompt === undefined) throw refused(`${basename(document.uri.path)} has no prompt ${of.prompt + 1} any more.`);
    return { document, prompt };
  }

  #begin(columns: readonly number[]): void {
    for (const at of columns) this.#put(at, begun(this.column(at)));
    const [first, ...others] = columns;
    if (first !== undefined && others.length === 0 && !this.#saved) {
      this.#tell({ type: "column", column: first, value: this.column(first) });
      return;
    }
    this.#saved = false;
    this.tellAll();
  }

  async #stream({ document, prompt }: ComparedPrompt, columns: readonly number[], signal: AbortSignal): Promise<void> {
    const { sidecar, models, trust } = this.#parts;
    const { model } = this.#comparison.of;
    const client = await sidecar.client();
    // The model may have to be loaded again: the sidecar can have been restarted since.
    await models.open(model);
    const onEvent = (event: CompareEvent) => {
      const at = columns[event.column];
      if (at === undefined || signal.aborted) return;
      const after = afterEvent(this.column(at), event);
      if (event.type !== "tokens") {
        this.#setColumn(at, after);
        return;
      }
      this.#put(at, after);
      for (const { id, text } of event.tokens) this.#tell({ type: "token", column: at, id, text });
    };
    const running = columns.map((at) => this.column(at));
    const byFeature = running.filter((column) => column.byFeature).map(wireCondition);
    if (byFeature.length > 0) {
      await trust.measureFor({ kind: "conditions", model, conditions: byFeature }, document, signal);
    }
    const baseline = this.#comparison.columns.findIndex(({ file }) => file === null);
    const { refusalTokens, maxNewTokens } = readSettings(document.uri);
    await sidecar.whileLoading(modelName(model), (onProgress) =>
      client.stream(
        "compare",
        {
          model,
          prompt: { messages: prompt.messages, lineStarts: lineStartsOf(document.getText()) },
          conditions: running.map(wireCondition),
          baselineReply: columns.includes(baseline) ? null : idsOf(this.column(baseline)),
          ...{ refusalTokens, maxNewTokens },
          temperature: 0,
          topP: 1,
          seed: 0,
          confirmedDictionaries: trust.confirmedOf(model),
        },
        onEvent,
        { signal, onProgress },
      ),
    );
  }

  #put(at: number, value: CompareColumn): void {
    this.#comparison = { ...this.#comparison, columns: this.#comparison.columns.with(at, value) };
  }

  #setColumn(at: number, value: CompareColumn): void {
    this.#put(at, value);
    this.#tell({ type: "column", column: at, value });
  }
}

/** What a comparison shows of its prompt. */
export function promptText(prompt: Prompt): string {
  return prompt.messages.map(({ text }) => text).join("\n\n");
}

/** A reply's ids, without what only ends an unfinished character. */
function idsOf({ tokens }: CompareColumn): number[] {
  return tokens.flatMap(({ id }) => (id >= 0 ? [id] : []));
}
