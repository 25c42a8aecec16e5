import * as vscode from "vscode";
import { SITES } from "../../shared/engine/hook-point.ts";
import type {
  FromHeatmap,
  fromHeatmapSchema,
  HeatmapPicture,
  ToHeatmap,
} from "../../shared/protocol/pages/heatmap-messages.ts";
import type { InspectedPrompt, Inspections } from "../inspect/inspections.ts";
import type { ReadingChoices } from "../inspect/reading-choices.ts";
import type { SharedCursor } from "../inspect/shared-cursor.ts";
import type { Models } from "../models/models.ts";
import { Panel } from "./panel.ts";
import { saveExport } from "./save-export.ts";

const TOP_TOKENS = 8;

/** Which prompt the heatmap showed last, so that a restored picture can be read again. */
const ORIGIN_KEY = "refract.heatmap.origin";

interface Origin {
  uri: string;
  prompt: number;
}

function pictureOf(inspected: InspectedPrompt): HeatmapPicture {
  const { inspection, reading, title, model } = inspected;
  return {
    title,
    model,
    reading: { id: reading.id, label: reading.label, unit: reading.unit },
    site: inspection.site,
    layers: inspection.layers,
    tokens: inspection.ledger.tokens.map(({ id, text, role, special }) => ({ id, text, role, special })),
    values: inspection.values,
    refusal: inspection.refusal?.probability ?? null,
    milliseconds: inspection.milliseconds,
    warnings: inspection.warnings,
  };
}

/** The heatmap of the prompt that was inspected last, linked with the editor both ways. */
export class HeatmapPanel extends Panel<typeof fromHeatmapSchema, ToHeatmap> {
  readonly #inspections: Inspections;
  readonly #choices: ReadingChoices;
  readonly #cursor: SharedCursor;
  readonly #models: Models;
  #shown: Origin | null = null;

  constructor(
    context: vscode.ExtensionContext,
    log: vscode.LogOutputChannel,
    inspections: Inspections,
    choices: ReadingChoices,
    cursor: SharedCursor,
    models: Models,
  ) {
    super(context, log, {
      viewType: "refract.heatmap",
      page: "heatmap",
      title: "Heatmap",
      messages: async () => (await import("../../shared/protocol/pages/heatmap-messages.ts")).fromHeatmapSchema,
    });
    this.#inspections = inspections;
    this.#choices = choices;
    this.#cursor = cursor;
    this.#models = models;
    this.register(
      inspections.onDidChange((event) => {
        if (event.kind === "read") void this.#show(event.inspected);
        else if (event.kind === "started" && this.#isShown(event.uri, event.prompt)) {
          this.send({ type: "waiting", what: "Reading the prompt..." });
        } else if (event.kind === "stale" && this.#isShown(event.inspected.uri, event.inspected.prompt)) {
          this.send({ type: "stale" });
        } else if (event.kind === "failed" && !event.cancelled && this.#isShown(event.uri, event.prompt)) {
          this.send({ type: "failed", message: event.message });
        }
      }),
    );
    this.register(
      cursor.onDidMove(({ place, by }) => {
        if (by === "heatmap") return;
        const inspected = this.#inspections.get(vscode.Uri.parse(place.uri), place.prompt);
        if (inspected === undefined) return;
        if (!this.#isShown(inspected.uri, place.prompt)) void this.#show(inspected);
        this.send({ type: "cursor", layer: place.layer, token: place.token });
      }),
    );
  }

  protected override async ready(): Promise<void> {
    const { place } = this.#cursor;
    if (place === null) return;
    const inspected = this.#inspections.get(vscode.Uri.parse(place.uri), place.prompt);
    if (inspected === undefined) return;
    await this.#show(inspected);
    this.send({ type: "cursor", layer: place.layer, token: place.token });
  }

  protected override async receive(message: FromHeatmap): Promise<void> {
    switch (message.type) {
      case "ready":
        return;
      case "cursor":
        this.#moveCursor(message.layer, message.token);
        return;
      case "choose":
        await this.#choose(message);
        return;
      case "details":
        await this.#details(message.layer, message.token);
        return;
      case "save":
        await saveExport(message.name, message.content);
        return;
      case "inspect":
        await this.#readAgain();
        return;
      case "focus-editor":
        await this.#focusEditor();
    }
  }

  async #show(inspected: InspectedPrompt): Promise<void> {
    const { uri, prompt } = inspected;
    this.#shown = { uri: uri.toString(), prompt };
    await this.context.workspaceState.update(ORIGIN_KEY, this.#shown);
    if (!this.isOpen) return;
    this.setTitle(`Heatmap: ${inspected.title}`);
    const sites = new Set(
      (await this.#models.forResource(uri)).description.hookPoints.map((point) => point.split(".")[0]),
    );
    this.send({
      type: "choices",
      choices: {
        readings: this.#choices.known.map(({ id, label, unit, describe }) => ({ id, label, unit, describe })),
        sites: SITES.filter((site) => sites.has(site)),
      },
    });
    this.send({ type: "picture", picture: pictureOf(inspected), saved: false });
    if (inspected.stale) this.send({ type: "stale" });
  }

  #isShown(uri: vscode.Uri, prompt: number): boolean {
    return this.#shown !== null && this.#shown.uri === uri.toString() && this.#shown.prompt === prompt;
  }

  #moveCursor(layer: number, token: number): void {
    const origin = this.#shown;
    if (origin === null) return;
    this.#cursor.move({ ...origin, layer, token }, "heatmap");
  }

  async #choose({ reading, site }: Extract<FromHeatmap, { type: "choose" }>): Promise<void> {
    const document = await this.#document();
    if (document === null) return;
    this.#choices.choose(reading, site);
    await this.#inspections.again(document);
  }

  async #details(layer: number, token: number): Promise<void> {
    const origin = this.#shown;
    if (origin === null) return;
    const inspected = this.#inspections.get(vscode.Uri.parse(origin.uri), origin.prompt);
    if (inspected === undefined || inspected.stale) return;
    const cell = await this.#inspections.cell(inspected, layer, token, TOP_TOKENS);
    const nextTokens = cell.nextTokens.map(({ text, probability }) => ({ text, probability }));
    this.send({ type: "details", details: { layer, token, nextTokens, features: cell.features } });
  }

  async #readAgain(): Promise<void> {
    const document = await this.#document();
    const origin = this.#origin();
    if (document === null || origin === null) return;
    this.#shown = origin;
    await vscode.window.showTextDocument(document, vscode.ViewColumn.One, true);
    await this.#inspections.inspect(document, origin.prompt);
  }

  async #focusEditor(): Promise<void> {
    const document = await this.#document();
    if (document === null) return;
    const uri = document.uri.toString();
    const column = vscode.window.visibleTextEditors.find(
      (editor) => editor.document.uri.toString() === uri,
    )?.viewColumn;
    await vscode.window.showTextDocument(document, column ?? vscode.ViewColumn.One);
  }

  #origin(): Origin | null {
    return this.#shown ?? this.context.workspaceState.get<Origin | null>(ORIGIN_KEY, null);
  }

  async #document(): Promise<vscode.TextDocument | null> {
    const origin = this.#origin();
    return origin === null ? null : vscode.workspace.openTextDocument(vscode.Uri.parse(origin.uri));
  }
}
