import { basename } from "node:path";
import * as vscode from "vscode";
import { refused } from "../../shared/errors.ts";
import { lineStartsOf } from "../../shared/prompts/line-starts.ts";
import type { CompareEvent } from "../../shared/protocol/compare-stream.ts";
import type {
  CompareColumn,
  Comparison,
  FromCompare,
  fromCompareSchema,
  ToCompare,
} from "../../shared/protocol/pages/compare-messages.ts";
import {
  afterEvent,
  type ChosenCondition,
  columnsToRun,
  editsByFeature,
  emptyColumn,
  wireCondition,
} from "../compare/comparison-run.ts";
import { BASELINE, offeredConditions } from "../compare/condition-files.ts";
import { comparisonAsJson, comparisonAsMarkdown, replyOf } from "../compare/export-comparison.ts";
import type { ReplyDocuments } from "../compare/reply-documents.ts";
import { saveComparison } from "../compare/save-comparison.ts";
import type { DictionaryTrust } from "../dictionaries/dictionary-trust.ts";
import { promptTitle } from "../inspect/inspections.ts";
import { type Models, modelName } from "../models/models.ts";
import type { PromptFiles } from "../prompts/prompt-files.ts";
import { readSettings } from "../settings.ts";
import { sentenceOf } from "../show-problem.ts";
import type { Sidecar } from "../sidecar/sidecar.ts";
import { Panel } from "./panel.ts";
import { saveExport } from "./save-export.ts";

export const COMPARE_VIEW = "refract.compare";

/** Columns of a first comparison, the baseline among them. */
const FIRST_COLUMNS = 4;

/** The comparison that is shown: which prompt it is of, and what stands behind each column. */
interface Shown {
  document: vscode.TextDocument;
  prompt: number;
  model: string;
  chosen: ChosenCondition[];
  comparison: Comparison;
}

/** Replies to one prompt under several conditions, side by side, streamed from one batch. */
export class ComparePanel extends Panel<typeof fromCompareSchema, ToCompare> {
  readonly #sidecar: Sidecar;
  readonly #models: Models;
  readonly #files: PromptFiles;
  readonly #replies: ReplyDocuments;
  readonly #trust: DictionaryTrust;
  #shown: Shown | null = null;
  #running: AbortController | null = null;

  constructor(
    context: vscode.ExtensionContext,
    log: vscode.LogOutputChannel,
    sidecar: Sidecar,
    models: Models,
    files: PromptFiles,
    replies: ReplyDocuments,
    trust: DictionaryTrust,
  ) {
    super(context, log, {
      viewType: COMPARE_VIEW,
      several: true,
      page: "compare",
      title: "Compare",
      messages: async () => (await import("../../shared/protocol/pages/compare-messages.ts")).fromCompareSchema,
    });
    this.#sidecar = sidecar;
    this.#models = models;
    this.#files = files;
    this.#replies = replies;
    this.#trust = trust;
    this.register({ dispose: () => this.#running?.abort() });
  }

  /** Whether it shows a prompt; a panel from an earlier session knows its prompt's title alone. */
  shows(uri: vscode.Uri, prompt: number, title: string): boolean {
    const shown = this.#shown;
    if (shown === null) return this.title === titleOf(title);
    return shown.document.uri.toString() === uri.toString() && shown.prompt === prompt;
  }

  /** Compares the baseline with the conditions of a file on a prompt; without a file with the first conditions at hand. */
  async compare(document: vscode.TextDocument, index: number, file?: string): Promise<void> {
    const { prompts } = await this.#files.parse(document);
    const prompt = prompts[index];
    if (prompt === undefined) throw refused(`${basename(document.uri.path)} has no prompt ${index + 1}.`);
    const client = await this.#sidecar.client();
    const model = await this.#models.forResource(document.uri);
    const offered =
      file === undefined
        ? await offeredConditions(client, document.uri, this.log)
        : [BASELINE, ...(await client.request("conditions.list", { file })).conditions];
    const chosen = offered.slice(0, FIRST_COLUMNS).map((condition) => ({ offered: condition, slider: null }));
    this.#shown = {
      document,
      prompt: index,
      model: model.path,
      chosen,
      comparison: {
        title: promptTitle(document.uri, prompt, index, prompts.length),
        prompt: prompt.messages.map(({ text }) => text).join("\n\n"),
        model: modelName(model.path),
        columns: chosen.map(emptyColumn),
        baseline: 0,
      },
    };
    this.show();
    this.setTitle(titleOf(this.#shown.comparison.title));
    this.#sendAll();
    await this.#run([]);
  }

  protected override ready(): void {
    if (this.#shown !== null) this.#sendAll();
  }

  protected override async receive(message: FromCompare): Promise<void> {
    const shown = this.#shown;
    if (shown === null) throw refused("This comparison is from an earlier session: run Compare on its prompt again.");
    const { columns } = shown.comparison;
    switch (message.type) {
      case "ready":
        return;
      case "slider":
        await this.#setSlider(shown, message.column, message.value);
        return;
      case "pin":
        shown.comparison = { ...shown.comparison, baseline: message.column };
        this.#sendAll();
        return;
      case "remove":
        await this.#remove(shown, message.column);
        return;
      case "add-condition":
        await this.#add(shown);
        return;
      case "stop":
        this.#running?.abort();
        return;
      case "rerun":
        await this.#run(columns.map((_, at) => at));
        return;
      case "copy":
        await vscode.env.clipboard.writeText(replyOf(columnAt(columns, message.column)));
        return;
      case "diff": {
        const [left, right] = [columnAt(columns, message.left), columnAt(columns, message.right)];
        await this.#replies.diff(
          { name: left.condition, text: replyOf(left) },
          { name: right.condition, text: replyOf(right) },
        );
        return;
      }
      case "export": {
        const markdown = message.format === "markdown";
        const text = markdown ? comparisonAsMarkdown(shown.comparison) : comparisonAsJson(shown.comparison);
        await saveExport(markdown ? "comparison.md" : "comparison.json", new TextEncoder().encode(text));
        return;
      }
      case "save-as-experiment":
        await saveComparison({
          promptFile: shown.document.uri.fsPath,
          model: shown.model,
          conditions: shown.chosen,
          maxNewTokens: readSettings(shown.document.uri).maxNewTokens,
        });
        return;
      case "focus-editor":
        await vscode.window.showTextDocument(shown.document, vscode.ViewColumn.One);
    }
  }

  async #setSlider(shown: Shown, column: number, value: number): Promise<void> {
    const chosen = shown.chosen[column];
    if (chosen === undefined) return;
    shown.chosen = shown.chosen.with(column, { ...chosen, slider: value });
    await this.#run([column]);
  }

  async #remove(shown: Shown, column: number): Promise<void> {
    if (shown.chosen[column]?.offered === BASELINE)
      throw refused("The baseline stays: the others are compared with it.");
    this.#running?.abort();
    shown.chosen = shown.chosen.toSpliced(column, 1);
    shown.comparison = { ...shown.comparison, columns: shown.comparison.columns.toSpliced(column, 1), baseline: 0 };
    this.#sendAll();
    await this.#run([]);
  }

  async #add(shown: Shown): Promise<void> {
    const client = await this.#sidecar.client();
    const offered = await offeredConditions(client, shown.document.uri, this.log);
    const items = offered
      .filter(({ edits }) => edits.length > 0)
      .map((condition) => ({
        label: condition.name,
        description: condition.describe,
        detail: condition.file === null ? "" : vscode.workspace.asRelativePath(condition.file),
        condition,
      }));
    const picked = await vscode.window.showQuickPick(items, {
      placeHolder: "Condition to add",
      matchOnDescription: true,
    });
    if (picked === undefined) return;
    const chosen = { offered: picked.condition, slider: null };
    shown.chosen = [...shown.chosen, chosen];
    shown.comparison = { ...shown.comparison, columns: [...shown.comparison.columns, emptyColumn(chosen)] };
    this.#sendAll();
    await this.#run([]);
  }

  /** Runs what has changed and what isn't finished; what was running is cancelled. */
  async #run(changed: readonly number[]): Promise<void> {
    const shown = this.#shown;
    if (shown === null) return;
    this.#running?.abort();
    const controller = new AbortController();
    this.#running = controller;
    const columns = columnsToRun(shown.comparison.columns, changed);
    if (columns.length === 0) return;
    for (const at of columns) this.#setColumn(shown, at, emptyColumn(chosenAt(shown.chosen, at)));
    try {
      await this.#stream(shown, columns, controller.signal);
    } catch (error) {
      if (this.#running !== controller) return;
      const failure = controller.signal.aborted ? "Stopped." : sentenceOf(error);
      for (const at of columns) {
        const column = columnAt(shown.comparison.columns, at);
        if (column.state !== "done") this.#setColumn(shown, at, { ...column, state: "failed", failure });
      }
      if (!controller.signal.aborted) throw error;
    } finally {
      if (this.#running === controller) this.#running = null;
    }
  }

  async #stream(shown: Shown, columns: readonly number[], signal: AbortSignal): Promise<void> {
    const client = await this.#sidecar.client();
    const { uri } = shown.document;
    // The model may have to be loaded again: the sidecar can have been restarted since.
    await this.#models.open(shown.model);
    const { prompts } = await this.#files.parse(shown.document);
    const prompt = prompts[shown.prompt];
    if (prompt === undefined) throw refused(`${basename(uri.path)} has no prompt ${shown.prompt + 1} any more.`);
    const baseline = shown.chosen.findIndex(({ offered }) => offered === BASELINE);
    const known = columns.includes(baseline)
      ? null
      : columnAt(shown.comparison.columns, baseline).tokens.map(({ id }) => id);
    const onEvent = (event: CompareEvent) => {
      if (signal.aborted) return;
      const at = columns[event.column] ?? -1;
      const before = columnAt(shown.comparison.columns, at);
      const after = afterEvent(before, event);
      shown.comparison = { ...shown.comparison, columns: shown.comparison.columns.with(at, after) };
      if (event.type === "tokens") {
        for (const { id, text } of event.tokens) this.send({ type: "token", column: at, id, text });
      } else {
        this.send({ type: "column", column: at, value: after });
      }
    };
    const conditions = columns.map((at) => wireCondition(chosenAt(shown.chosen, at)));
    const byFeature = columns.some((at) => editsByFeature(chosenAt(shown.chosen, at)));
    const confirmed = byFeature
      ? await this.#trust.confirmed({ kind: "conditions", model: shown.model, conditions }, shown.document, signal)
      : [];
    await this.#sidecar.whileLoading(modelName(shown.model), (onProgress) =>
      client.stream(
        "compare",
        {
          model: shown.model,
          prompt: { messages: prompt.messages, lineStarts: lineStartsOf(shown.document.getText()) },
          conditions,
          baselineReply: known,
          refusalTokens: readSettings(uri).refusalTokens,
          maxNewTokens: readSettings(uri).maxNewTokens,
          temperature: 0,
          topP: 1,
          seed: 0,
          confirmedDictionaries: confirmed,
        },
        onEvent,
        { signal, onProgress },
      ),
    );
  }

  #setColumn(shown: Shown, at: number, value: CompareColumn): void {
    shown.comparison = { ...shown.comparison, columns: shown.comparison.columns.with(at, value) };
    this.send({ type: "column", column: at, value });
  }

  #sendAll(): void {
    if (this.#shown !== null) this.send({ type: "comparison", comparison: this.#shown.comparison, saved: false });
  }
}

function titleOf(prompt: string): string {
  return `Compare: ${prompt}`;
}

function columnAt(columns: readonly CompareColumn[], at: number): CompareColumn {
  const column = columns[at];
  if (column === undefined) throw refused(`The comparison has no column ${at + 1}.`);
  return column;
}

function chosenAt(chosen: readonly ChosenCondition[], at: number): ChosenCondition {
  const condition = chosen[at];
  if (condition === undefined) throw refused(`The comparison has no column ${at + 1}.`);
  return condition;
}
