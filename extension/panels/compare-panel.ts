import { basename } from "node:path";
import * as vscode from "vscode";
import { RefractError, refused } from "../../shared/errors.ts";
import type {
  Comparison,
  FromCompare,
  fromCompareSchema,
  ToCompare,
} from "../../shared/protocol/pages/compare-messages.ts";
import { stoppedByReload } from "../../shared/protocol/pages/stopped-by-reload.ts";
import { columnOf, wireCondition } from "../compare/comparison-run.ts";
import { BASELINE, conditionsWithEdits, offeredConditions } from "../compare/condition-files.ts";
import { comparisonAsJson, comparisonAsMarkdown, replyOf } from "../compare/export-comparison.ts";
import type { KeptComparisons } from "../compare/kept-comparisons.ts";
import { type ComparisonParts, LiveComparison, promptText } from "../compare/live-comparison.ts";
import type { ReplyDocuments } from "../compare/reply-documents.ts";
import { saveComparison } from "../compare/save-comparison.ts";
import { promptTitle } from "../inspect/inspections.ts";
import { modelName } from "../models/models.ts";
import { readSettings } from "../settings.ts";
import { Panel } from "./panel.ts";
import { saveExport } from "./save-export.ts";

export const COMPARE_VIEW = "refract.compare";

/** Columns of a first comparison, the baseline among them. */
const FIRST_COLUMNS = 4;

export interface CompareParts extends ComparisonParts {
  replies: ReplyDocuments;
  kept: KeptComparisons;
}

/** Replies to one prompt under several conditions, side by side, streamed from one batch. */
export class ComparePanel extends Panel<typeof fromCompareSchema, ToCompare> {
  readonly #parts: CompareParts;
  #shown: LiveComparison | null = null;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel, parts: CompareParts) {
    super(context, log, {
      viewType: COMPARE_VIEW,
      several: true,
      page: "compare",
      title: "Compare",
      messages: async () => (await import("../../shared/protocol/pages/compare-messages.ts")).fromCompareSchema,
    });
    this.#parts = parts;
    this.register({ dispose: () => this.#shown?.stop() });
    this.register(this.onDidClose(() => this.#forget()));
  }

  /** Whether it shows a prompt; a panel of an earlier version's session knows its prompt's title alone. */
  shows(uri: vscode.Uri, prompt: number, title: string): boolean {
    if (this.#shown === null) return this.title === titleOf(title);
    const { of } = this.#shown.comparison;
    return of.document === uri.toString() && of.prompt === prompt;
  }

  /** Compares the baseline with the conditions of a file on a prompt; without a file with the first conditions at hand. */
  async compare(document: vscode.TextDocument, index: number, file?: string): Promise<void> {
    const { sidecar, models, files, kept } = this.#parts;
    const { prompts } = await files.parse(document);
    const prompt = prompts[index];
    if (prompt === undefined) throw refused(`${basename(document.uri.path)} has no prompt ${index + 1}.`);
    const client = await sidecar.client();
    const model = await models.forResource(document.uri);
    const offered =
      file === undefined
        ? await offeredConditions(client, document.uri, this.log)
        : [BASELINE, ...(await client.request("conditions.list", { file })).conditions];
    const comparison: Comparison = {
      title: promptTitle(document.uri, prompt, index, prompts.length),
      prompt: promptText(prompt),
      model: modelName(model.path),
      of: { document: document.uri.toString(), prompt: index, model: model.path },
      columns: offered.slice(0, FIRST_COLUMNS).map(columnOf),
      baseline: 0,
    };
    this.#shown?.stop();
    const shown = this.#live(comparison, false);
    this.show();
    this.setTitle(titleOf(comparison.title));
    shown.tellAll();
    await Promise.all([kept.keep(titleOf(comparison.title), comparison), shown.run([])]);
  }

  /** Shows again what a reload has left of a comparison. Nothing starts by itself. */
  restore(comparison: Comparison): void {
    this.#live(stoppedByReload(comparison), true);
  }

  #forget(): void {
    if (this.#shown === null) return;
    const title = titleOf(this.#shown.comparison.title);
    this.#parts.kept
      .forget(title)
      .catch((error: unknown) => this.log.debug(`${title} is still kept: ${String(error)}`));
  }

  #live(comparison: Comparison, saved: boolean): LiveComparison {
    const live: LiveComparison = new LiveComparison(this.#parts, { comparison, saved }, (message) => {
      // One that was replaced may still end.
      if (this.#shown === live) this.send(message);
    });
    this.#shown = live;
    return live;
  }

  protected override ready(): void {
    this.#shown?.tellAll();
  }

  protected override async receive(message: FromCompare): Promise<void> {
    const shown = this.#shown;
    if (shown === null) throw refused("This comparison is from an earlier session: run Compare on its prompt again.");
    switch (message.type) {
      case "ready":
        return;
      case "slider":
        await shown.setSlider(message.column, message.value);
        return;
      case "pin":
        shown.pin(message.column);
        return;
      case "remove":
        await shown.remove(message.column);
        return;
      case "add-condition":
        await this.#add(shown);
        return;
      case "stop":
        shown.stop();
        return;
      case "rerun":
        await shown.runAll();
        return;
      case "edit-anyway":
        await this.#editAnyway(shown, message.column);
        return;
      case "copy":
        await vscode.env.clipboard.writeText(replyOf(shown.column(message.column)));
        return;
      case "diff": {
        const [left, right] = [shown.column(message.left), shown.column(message.right)];
        await this.#parts.replies.diff(
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
        await this.#save(shown.comparison);
        return;
      case "focus-editor":
        await vscode.window.showTextDocument(documentOf(shown.comparison), { viewColumn: vscode.ViewColumn.One });
    }
  }

  async #add(shown: LiveComparison): Promise<void> {
    const client = await this.#parts.sidecar.client();
    const offered = await offeredConditions(client, documentOf(shown.comparison), this.log);
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
    if (picked !== undefined) await shown.add(picked.condition);
  }

  /** Asks whether features of a column's dictionary are edited all the same, and then runs every column that has waited for it. */
  async #editAnyway(shown: LiveComparison, at: number): Promise<void> {
    const { trust } = this.#parts;
    const { model } = shown.comparison.of;
    const { document } = await shown.compared();
    try {
      await trust.confirmed({ kind: "conditions", model, conditions: [wireCondition(shown.column(at))] }, document);
    } catch (error) {
      // The answer was no: the column says why it waits.
      if (error instanceof RefractError && error.code === "untrusted-dictionary") return;
      throw error;
    }
    const confirmed = trust.confirmedOf(model);
    const waited = shown.comparison.columns.flatMap(({ unconfirmed }, column) =>
      unconfirmed.length > 0 && unconfirmed.every((path) => confirmed.includes(path)) ? [column] : [],
    );
    await shown.run(waited);
  }

  async #save({ of, columns }: Comparison): Promise<void> {
    const uri = vscode.Uri.parse(of.document);
    await saveComparison({
      promptFile: uri.fsPath,
      model: of.model,
      conditions: await conditionsWithEdits(await this.#parts.sidecar.client(), columns),
      maxNewTokens: readSettings(uri).maxNewTokens,
    });
  }
}

/** What a comparison's panel is called. */
function titleOf(prompt: string): string {
  return `Compare: ${prompt}`;
}

function documentOf({ of }: Comparison): vscode.Uri {
  return vscode.Uri.parse(of.document);
}
