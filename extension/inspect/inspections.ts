import { basename } from "node:path";
import * as vscode from "vscode";
import { RefractError, refused } from "../../shared/errors.ts";
import { lineStartsOf } from "../../shared/prompts/line-starts.ts";
import type { Prompt } from "../../shared/prompts/prompt.ts";
import type { Cell, Inspection } from "../../shared/protocol/inspect-messages.ts";
import { type DivergingScale, divergingScale } from "../../shared/scale/diverging-scale.ts";
import { Disposable } from "../disposable.ts";
import { featureSources } from "../features/feature-sources.ts";
import { type Models, modelName } from "../models/models.ts";
import type { PromptFiles } from "../prompts/prompt-files.ts";
import { readSettings } from "../settings.ts";
import { sentenceOf } from "../show-problem.ts";
import type { Sidecar } from "../sidecar/sidecar.ts";
import { movePlaces, type PlacedToken, placeTokens } from "./placed-token.ts";
import type { ChosenReading, ReadingChoices } from "./reading-choices.ts";

/** A prompt that was read, with its tokens' places in the document as it is now. */
export interface InspectedPrompt {
  uri: vscode.Uri;
  /** Index of the prompt in its file. */
  prompt: number;
  title: string;
  model: string;
  reading: ChosenReading;
  inspection: Inspection;
  scale: DivergingScale;
  tokens: readonly PlacedToken[];
  /** The text has changed since. */
  stale: boolean;
}

export type InspectionEvent =
  | { kind: "started"; uri: vscode.Uri; prompt: number }
  | { kind: "read"; inspected: InspectedPrompt }
  | { kind: "stale"; inspected: InspectedPrompt }
  | { kind: "failed"; uri: vscode.Uri; prompt: number; message: string; cancelled: boolean }
  | { kind: "cleared"; uri: vscode.Uri };

/** What a prompt is called where it stands alone: its file and, among several, its name or number. */
export function promptTitle(uri: vscode.Uri, prompt: Prompt, index: number, count: number): string {
  const file = basename(uri.path);
  return count === 1 ? file : `${file} \u203a ${prompt.id ?? index + 1}`;
}

/** Reads prompts and remembers what was read. An edit makes a reading old, a pause after it reads the prompt again and cancels the pass before. */
export class Inspections extends Disposable {
  readonly #sidecar: Sidecar;
  readonly #models: Models;
  readonly #files: PromptFiles;
  readonly #choices: ReadingChoices;
  readonly #inspected = new Map<string, InspectedPrompt>();
  readonly #running = new Map<string, AbortController>();
  readonly #pauses = new Map<string, NodeJS.Timeout>();
  readonly #changed = this.register(new vscode.EventEmitter<InspectionEvent>());

  readonly onDidChange = this.#changed.event;

  constructor(sidecar: Sidecar, models: Models, files: PromptFiles, choices: ReadingChoices) {
    super();
    this.#sidecar = sidecar;
    this.#models = models;
    this.#files = files;
    this.#choices = choices;
    this.register(vscode.workspace.onDidChangeTextDocument((event) => this.#edited(event)));
    this.register(vscode.workspace.onDidCloseTextDocument(({ uri }) => this.clear(uri)));
  }

  override dispose(): void {
    for (const timer of this.#pauses.values()) clearTimeout(timer);
    for (const controller of this.#running.values()) controller.abort();
    super.dispose();
  }

  /** The read prompts of a document, in the order of the file. */
  of(uri: vscode.Uri): InspectedPrompt[] {
    const key = uri.toString();
    const found = [...this.#inspected.values()].filter((inspected) => inspected.uri.toString() === key);
    return found.sort((a, b) => a.prompt - b.prompt);
  }

  get(uri: vscode.Uri, prompt: number): InspectedPrompt | undefined {
    return this.#inspected.get(keyOf(uri, prompt));
  }

  /** Reads a prompt; a pass over the same prompt that still runs is cancelled. */
  async inspect(document: vscode.TextDocument, prompt: number): Promise<InspectedPrompt> {
    const { uri } = document;
    const key = keyOf(uri, prompt);
    this.#running.get(key)?.abort();
    // Whoever asks now needs no pass after the pause as well.
    clearTimeout(this.#pauses.get(key));
    const controller = new AbortController();
    this.#running.set(key, controller);
    this.#changed.fire({ kind: "started", uri, prompt });
    try {
      const inspected = await this.#read(document, prompt, controller.signal);
      if (controller.signal.aborted) throw new RefractError("cancelled", "A newer inspection has taken over.");
      this.#inspected.set(key, inspected);
      this.#changed.fire({ kind: "read", inspected });
      return inspected;
    } catch (error) {
      const cancelled = error instanceof RefractError && error.code === "cancelled";
      this.#changed.fire({ kind: "failed", uri, prompt, message: sentenceOf(error), cancelled });
      throw error;
    } finally {
      if (this.#running.get(key) === controller) this.#running.delete(key);
    }
  }

  /** Reads every inspected prompt of a document again, after another reading or site was chosen. */
  async again(document: vscode.TextDocument): Promise<void> {
    await Promise.all(this.of(document.uri).map(({ prompt }) => this.inspect(document, prompt)));
  }

  /** What the logit lens sees in a cell of a read prompt. */
  async cell(
    inspected: InspectedPrompt,
    layer: number,
    token: number,
    top: number,
    signal?: AbortSignal,
  ): Promise<Cell> {
    const client = await this.#sidecar.client();
    const { key } = inspected.inspection;
    const cell = { key, layer, token, top, ...featureSources(inspected.uri) };
    return client.request("inspect.cell", cell, signal === undefined ? {} : { signal });
  }

  clear(uri: vscode.Uri): void {
    for (const { prompt } of this.of(uri)) {
      const key = keyOf(uri, prompt);
      clearTimeout(this.#pauses.get(key));
      this.#running.get(key)?.abort();
      this.#inspected.delete(key);
    }
    this.#changed.fire({ kind: "cleared", uri });
  }

  async #read(document: vscode.TextDocument, index: number, signal: AbortSignal): Promise<InspectedPrompt> {
    const { uri, version } = document;
    const text = document.getText();
    const { prompts } = await this.#files.parse(document);
    const prompt = prompts[index];
    if (prompt === undefined) throw refused(`${basename(uri.path)} has no prompt ${index + 1}.`);
    const client = await this.#sidecar.client();
    const model = await this.#models.forResource(uri);
    const reading = await this.#choices.current(uri);
    const params = {
      model: model.path,
      prompt: { messages: prompt.messages, lineStarts: lineStartsOf(text) },
      reading: reading.reading,
      site: this.#choices.site(uri),
      direction: reading.direction,
      features: reading.features,
      dictionaries: featureSources(uri).dictionaries,
      refusalTokens: readSettings(uri).refusalTokens,
    };
    const inspection = await this.#sidecar.whileLoading(modelName(model.path), (onProgress) =>
      client.request("inspect", params, { signal, onProgress }),
    );
    // An edit during the pass makes its result old before it is shown; the pause after that edit reads again.
    const stale = document.version !== version;
    return {
      uri,
      prompt: index,
      title: promptTitle(uri, prompt, index, prompts.length),
      model: modelName(model.path),
      reading,
      inspection,
      scale: divergingScale(inspection.values, inspection.ledger.tokens.length),
      tokens: placeTokens(inspection.ledger.tokens),
      stale,
    };
  }

  #edited({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (contentChanges.length === 0) return;
    for (const inspected of this.of(document.uri)) {
      // Changes come from the end of the document to its start, so that each one's offset holds when it is applied.
      const tokens = contentChanges.reduce<readonly PlacedToken[]>(
        (placed, change) =>
          movePlaces(placed, { offset: change.rangeOffset, length: change.rangeLength, inserted: change.text.length }),
        inspected.tokens,
      );
      const moved = { ...inspected, tokens, stale: true };
      this.#inspected.set(keyOf(document.uri, inspected.prompt), moved);
      this.#changed.fire({ kind: "stale", inspected: moved });
      this.#readAfterPause(document, inspected.prompt);
    }
  }

  #readAfterPause(document: vscode.TextDocument, prompt: number): void {
    const key = keyOf(document.uri, prompt);
    clearTimeout(this.#pauses.get(key));
    this.#running.get(key)?.abort();
    const pause = setTimeout(() => {
      this.#pauses.delete(key);
      if (document.isClosed) return;
      // A failure is told by the event: no message for every pause in typing.
      this.inspect(document, prompt).catch(() => undefined);
    }, readSettings(document.uri).inspectDelay);
    this.#pauses.set(key, pause);
  }
}

function keyOf(uri: vscode.Uri, prompt: number): string {
  return `${uri.toString()}#${prompt}`;
}
