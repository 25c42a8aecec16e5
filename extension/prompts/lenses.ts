import * as vscode from "vscode";
import { lineStartsOf } from "../../shared/prompts/line-starts.ts";
import type { Prompt } from "../../shared/prompts/prompt.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { Disposable } from "../disposable.ts";
import type { Inspections } from "../inspect/inspections.ts";
import type { Models } from "../models/models.ts";
import type { Sidecar } from "../sidecar/sidecar.ts";
import type { PromptFiles } from "./prompt-files.ts";

/** The lens that counts a prompt's tokens; VS Code asks for it when it comes into sight. */
class CountLens extends vscode.CodeLens {
  readonly document: vscode.TextDocument;
  readonly prompt: Prompt;

  constructor(range: vscode.Range, document: vscode.TextDocument, prompt: Prompt) {
    super(range);
    this.document = document;
    this.prompt = prompt;
  }
}

/**
 * The line of actions over each prompt: `Inspect | Compare | 214 tokens | refusal 0.93`. Lenses never run a model and start nothing: tokens are
 * counted where the sidecar has the model anyway, and a refusal score stands there once a pass was made.
 */
export class PromptLenses extends Disposable implements vscode.CodeLensProvider {
  readonly #files: PromptFiles;
  readonly #inspections: Inspections;
  readonly #models: Models;
  readonly #sidecar: Sidecar;
  readonly #log: vscode.LogOutputChannel;
  readonly #changed = this.register(new vscode.EventEmitter<void>());

  readonly onDidChangeCodeLenses = this.#changed.event;

  constructor(
    files: PromptFiles,
    inspections: Inspections,
    models: Models,
    sidecar: Sidecar,
    log: vscode.LogOutputChannel,
  ) {
    super();
    this.#files = files;
    this.#inspections = inspections;
    this.#models = models;
    this.#sidecar = sidecar;
    this.#log = log;
    this.register(vscode.languages.registerCodeLensProvider([{ scheme: "file" }, { scheme: "untitled" }], this));
    this.register(files.onDidChangeKinds(() => this.#changed.fire()));
    this.register(models.onDidChange(() => this.#changed.fire()));
    this.register(vscode.workspace.onDidGrantWorkspaceTrust(() => this.#changed.fire()));
    this.register(
      inspections.onDidChange(({ kind }) => {
        if (kind === "read" || kind === "cleared" || kind === "failed") this.#changed.fire();
      }),
    );
  }

  async provideCodeLenses(document: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    if (!this.#files.isPromptFile(document)) return [];
    const { prompts } = await this.#files.parse(document);
    const counts = this.#models.isLoaded(document.uri);
    return prompts.flatMap((prompt, index) => {
      const start = document.positionAt(prompt.range.start);
      const range = new vscode.Range(start, start);
      return [
        ...this.#actions(document.uri, index, range),
        ...(counts ? [new CountLens(range, document, prompt)] : []),
        ...this.#refusal(document.uri, index, range),
      ];
    });
  }

  async resolveCodeLens(lens: vscode.CodeLens, token: vscode.CancellationToken): Promise<vscode.CodeLens> {
    if (!(lens instanceof CountLens)) return lens;
    lens.command = { title: await this.#count(lens, token), command: "" };
    return lens;
  }

  #actions(uri: vscode.Uri, index: number, range: vscode.Range): vscode.CodeLens[] {
    if (!vscode.workspace.isTrusted) {
      const title = "Inspect and Compare are off: this workspace is restricted";
      return [
        new vscode.CodeLens(range, { title, command: "workbench.trust.manage", tooltip: "Manage workspace trust" }),
      ];
    }
    return [
      new vscode.CodeLens(range, { title: "Inspect", command: "refract.inspect", arguments: [uri, index] }),
      new vscode.CodeLens(range, { title: "Compare", command: "refract.compare", arguments: [uri, index] }),
    ];
  }

  #refusal(uri: vscode.Uri, index: number, range: vscode.Range): vscode.CodeLens[] {
    const refusal = this.#inspections.get(uri, index)?.inspection.refusal ?? null;
    if (refusal === null) return [];
    const title = `refusal ${formatFigure(refusal.probability)}`;
    return [new vscode.CodeLens(range, { title, command: "refract.showHeatmap", arguments: [uri, index] })];
  }

  async #count({ document, prompt }: CountLens, cancellation: vscode.CancellationToken): Promise<string> {
    if (!this.#sidecar.running) return "tokens not counted";
    const controller = new AbortController();
    const listening = cancellation.onCancellationRequested(() => controller.abort());
    try {
      const client = await this.#sidecar.client();
      const model = await this.#models.forResource(document.uri);
      const prompts = [{ messages: prompt.messages, lineStarts: lineStartsOf(document.getText()) }];
      const { counts } = await client.request(
        "tokens.count",
        { model: model.path, prompts },
        { signal: controller.signal },
      );
      return `${counts[0]} tokens`;
    } catch (error) {
      this.#log.debug(`token count: ${String(error)}`);
      return "tokens not counted";
    } finally {
      listening.dispose();
    }
  }
}
