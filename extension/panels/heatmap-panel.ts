import * as vscode from "vscode";
import { SITES } from "../../shared/engine/hook-point.ts";
import { refused } from "../../shared/errors.ts";
import type { FeatureSuite } from "../../shared/protocol/feature-messages.ts";
import type { FromHeatmap, fromHeatmapSchema, ToHeatmap } from "../../shared/protocol/pages/heatmap-messages.ts";
import type { DictionaryTrust } from "../dictionaries/dictionary-trust.ts";
import type { FeatureRequests } from "../features/feature-requests.ts";
import type { PinnedFeatures } from "../features/pinned-features.ts";
import type { InspectedPrompt, Inspections } from "../inspect/inspections.ts";
import type { ReadingChoices } from "../inspect/reading-choices.ts";
import type { SharedCursor } from "../inspect/shared-cursor.ts";
import type { Models } from "../models/models.ts";
import { sentenceOf, showProblem } from "../show-problem.ts";
import type { ComparePanels } from "./compare-panels.ts";
import { HeatmapFeatures } from "./heatmap-features.ts";
import { Panel } from "./panel.ts";
import { saveExport } from "./save-export.ts";

const TOP_TOKENS = 8;

export const HEATMAP_VIEW = "refract.heatmap";

/** A prompt, as heatmaps name it. */
export interface Origin {
  uri: string;
  prompt: number;
}

/** What a page remembers of itself over a reload, so that its picture can be read again. */
export interface RestoredHeatmap {
  origin: Origin | null;
  locked: boolean;
}

export interface HeatmapParts {
  inspections: Inspections;
  choices: ReadingChoices;
  cursor: SharedCursor;
  models: Models;
  trust: DictionaryTrust;
  requests: FeatureRequests;
  pinned: PinnedFeatures;
  compare: ComparePanels;
  /** Whether a heatmap that is locked shows a prompt already. */
  isKept: (origin: Origin) => boolean;
}

/** The heatmap of the prompt that was inspected last or, where it is locked, of one prompt; linked with the editor both ways. */
export class HeatmapPanel extends Panel<typeof fromHeatmapSchema, ToHeatmap> {
  readonly #inspections: Inspections;
  readonly #choices: ReadingChoices;
  readonly #cursor: SharedCursor;
  readonly #models: Models;
  readonly #trust: DictionaryTrust;
  readonly #features: HeatmapFeatures;
  readonly #isKept: (origin: Origin) => boolean;
  /** The prompt of a restored picture, until it is read again. */
  readonly #restored: Origin | null;
  #shown: Origin | null = null;
  #locked: boolean;
  /** The move of the shared cursor that is being told is this page's own. */
  #moving = false;

  constructor(
    context: vscode.ExtensionContext,
    log: vscode.LogOutputChannel,
    { inspections, choices, cursor, models, trust, requests, pinned, compare, isKept }: HeatmapParts,
    { origin, locked }: RestoredHeatmap,
  ) {
    super(context, log, {
      viewType: HEATMAP_VIEW,
      several: true,
      page: "heatmap",
      title: "Heatmap",
      messages: async () => (await import("../../shared/protocol/pages/heatmap-messages.ts")).fromHeatmapSchema,
    });
    this.#inspections = inspections;
    this.#choices = choices;
    this.#cursor = cursor;
    this.#models = models;
    this.#trust = trust;
    this.#isKept = isKept;
    this.#restored = origin;
    this.#locked = locked;
    this.#features = this.register(
      new HeatmapFeatures(
        { context, inspections, models, requests, pinned, compare },
        {
          send: (message) => this.send(message),
          shown: () => this.#shownPrompt(),
          inspected: () => this.#inspected(),
          document: () => this.#document(),
          layerOf: (inspected) => this.#layerOf(inspected),
          choose: (wanted) => this.#choose(wanted),
        },
      ),
    );
    this.register(
      pinned.onDidChange(() => void this.#features.pinsChanged().catch((error: unknown) => showProblem(error, log))),
    );
    this.register(
      trust.onDidChange(() => void this.#trustChanged().catch((error: unknown) => showProblem(error, log))),
    );
    this.register(
      vscode.workspace.onDidChangeConfiguration((event) => {
        const shown = this.#shownPrompt();
        if (shown !== undefined && event.affectsConfiguration("refract.dictionaries", shown.uri))
          this.#showOrSay(shown);
      }),
    );
    this.register(
      inspections.onDidChange((event) => {
        if (event.kind === "read") {
          const { uri, prompt } = event.inspected;
          if (this.#follows({ uri: uri.toString(), prompt })) this.#showOrSay(event.inspected);
        } else if (event.kind === "started" && this.#isShown(event.uri, event.prompt)) {
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
        if (this.#moving || !this.#follows(place)) return;
        // Whoever looks at another heatmap's prompt compares it with this one's.
        if (by === "heatmap" && !this.shows(place)) return;
        const inspected = this.#inspections.get(vscode.Uri.parse(place.uri), place.prompt);
        if (inspected === undefined) return;
        if (!this.#isShown(inspected.uri, place.prompt)) this.#showOrSay(inspected);
        else void this.#features.layerMoved(inspected);
        this.send({ type: "cursor", layer: place.layer, token: place.token });
      }),
    );
  }

  get locked(): boolean {
    return this.#locked;
  }

  /** Whether its picture is of a prompt, be it one of an earlier session. */
  shows(origin: Origin): boolean {
    const shown = this.#origin();
    return shown !== null && shown.uri === origin.uri && shown.prompt === origin.prompt;
  }

  protected override async ready(): Promise<void> {
    const { place } = this.#cursor;
    if (place === null || !this.#follows(place)) return;
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
        // Whoever wants another reading wants to see it.
        if (message.reading !== this.#shownPrompt()?.reading.id) this.#features.showLayers();
        await this.#choose(message);
        return;
      case "details":
        await this.#details(message.layer, message.token);
        return;
      case "lock":
        this.#locked = message.locked;
        this.#sendOrigin();
        return;
      case "open-prompt":
        await this.#openPrompt(message.prompt);
        return;
      case "save":
        await saveExport(message.name, message.content);
        return;
      case "inspect":
        await this.#readAgain();
        return;
      case "focus-editor":
        await this.#focusEditor();
        return;
      default:
        await this.#features.receive(message);
    }
  }

  /** Shows a prompt; what its picture still needs of the sidecar may fail, and then the page says so. */
  #showOrSay(inspected: InspectedPrompt): void {
    this.#show(inspected).catch((error: unknown) => this.send({ type: "failed", message: sentenceOf(error) }));
  }

  async #show(inspected: InspectedPrompt): Promise<void> {
    const { uri, prompt } = inspected;
    this.#shown = { uri: uri.toString(), prompt };
    if (!this.isOpen) return;
    this.#sendOrigin();
    this.setTitle(`Heatmap: ${inspected.title}`);
    const { path } = await this.#models.forResource(uri);
    await this.#sendChoices(uri, this.#features.knownSuite(path));
    await this.#features.sendPicture(inspected);
    // The dictionaries of a large model take a while to open: the picture does not wait for them.
    const suite = await this.#features.findSuite(uri, path);
    if (!this.#isShown(uri, prompt)) return;
    await this.#sendChoices(uri, suite);
    await this.#features.sendPins(inspected);
  }

  async #trustChanged(): Promise<void> {
    const shown = this.#shownPrompt();
    if (shown === undefined || !this.isOpen) return;
    const { path } = await this.#models.forResource(shown.uri);
    const suite = this.#features.knownSuite(path);
    if (suite.length > 0) await this.#sendChoices(shown.uri, suite);
  }

  async #sendChoices(uri: vscode.Uri, suite: FeatureSuite["layers"]): Promise<void> {
    const model = await this.#models.forResource(uri);
    const sites = new Set(model.description.hookPoints.map((point) => point.split(".")[0]));
    const features = this.#inspected().reading;
    const own = features.features.length > 0 ? [features] : [];
    const measured = this.#trust.of(model.path);
    this.send({
      type: "choices",
      choices: {
        readings: [...this.#choices.known, ...own].map(({ id, label, unit, describe }) => ({
          ...{ id, label, unit, describe },
        })),
        sites: SITES.filter((site) => sites.has(site)),
        suite: suite.map(({ layer, path, features: count }) => ({
          ...{ layer, features: count },
          reasons: measured.find((one) => one.path === path)?.reasons ?? [],
        })),
      },
    });
  }

  /** The cursor's layer, the middle one while it stands in another prompt. */
  #layerOf({ uri, prompt, inspection }: InspectedPrompt): number {
    const { place } = this.#cursor;
    const here = place !== null && place.uri === uri.toString() && place.prompt === prompt;
    return here ? place.layer : Math.floor(inspection.layers / 2);
  }

  /** The prompt that is shown, where it was read in this session. */
  #shownPrompt(): InspectedPrompt | undefined {
    const origin = this.#shown;
    return origin === null ? undefined : this.#inspections.get(vscode.Uri.parse(origin.uri), origin.prompt);
  }

  #inspected(): InspectedPrompt {
    const found = this.#shownPrompt();
    if (found === undefined) throw refused("This picture is from an earlier session: inspect its prompt again.");
    return found;
  }

  async #openPrompt(index: number): Promise<void> {
    const document = await this.#document();
    if (document === null) return;
    const inspected = await this.#inspections.inspect(document, index);
    const first = inspected.tokens.find(({ token }) => token.source !== undefined)?.token.source;
    const at = document.positionAt(first?.start ?? 0);
    await vscode.window.showTextDocument(document, {
      viewColumn: vscode.ViewColumn.One,
      selection: new vscode.Range(at, at),
      preserveFocus: true,
    });
  }

  /** A locked heatmap keeps its prompt; the others go along, but not to a prompt that a locked one shows. */
  #follows(origin: Origin): boolean {
    return this.shows(origin) || (!this.#locked && !this.#isKept(origin));
  }

  #sendOrigin(): void {
    this.send({ type: "origin", origin: this.#origin(), locked: this.#locked });
  }

  #isShown(uri: vscode.Uri, prompt: number): boolean {
    return this.#shown !== null && this.#shown.uri === uri.toString() && this.#shown.prompt === prompt;
  }

  #moveCursor(layer: number, token: number): void {
    const origin = this.#shown;
    if (origin === null) return;
    const before = this.#cursor.place?.layer;
    this.#moving = true;
    try {
      this.#cursor.move({ ...origin, layer, token }, "heatmap");
    } finally {
      this.#moving = false;
    }
    const inspected = this.#shownPrompt();
    if (layer !== before && inspected !== undefined) void this.#features.layerMoved(inspected);
  }

  async #choose({ reading, site }: Pick<Extract<FromHeatmap, { type: "choose" }>, "reading" | "site">): Promise<void> {
    const document = await this.#document();
    if (document === null) return;
    this.#choices.choose(reading, site);
    await this.#inspections.again(document);
  }

  async #details(layer: number, token: number): Promise<void> {
    const inspected = this.#shownPrompt();
    if (inspected === undefined || inspected.stale) return;
    const cell = await this.#inspections.cell(inspected, layer, token, TOP_TOKENS);
    const nextTokens = cell.nextTokens.map(({ text, probability }) => ({ text, probability }));
    this.send({ type: "details", details: { layer, token, nextTokens, features: cell.features, note: cell.note } });
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
    return this.#shown ?? this.#restored;
  }

  async #document(): Promise<vscode.TextDocument | null> {
    const origin = this.#origin();
    return origin === null ? null : vscode.workspace.openTextDocument(vscode.Uri.parse(origin.uri));
  }
}
