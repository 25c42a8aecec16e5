import * as vscode from "vscode";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { Disposable } from "../disposable.ts";
import type { EditorView } from "./editor-view.ts";
import type { InspectedPrompt, Inspections } from "./inspections.ts";
import { placeAfter } from "./place-after.ts";
import { type PlacedToken, templateRuns, tokensAt } from "./placed-token.ts";
import { profilePicture } from "./profile-picture.ts";
import { themeKind } from "./theme-kind.ts";
import { visibleText } from "./visible-text.ts";

const TOP_TOKENS = 5;
const TOP_FEATURES = 3;

/** Commands that a hover may run. */
const LINKS = ["refract.showHeatmap", "refract.chooseReading", "refract.nextLayer", "refract.previousLayer"];

/** Tokens that one place may stand for: a template's run is shown whole, as far as a hover can hold it. */
const MOST_TOKENS = 12;

/** What a hover on a token says. */
export class Hovers extends Disposable implements vscode.HoverProvider {
  readonly #inspections: Inspections;
  readonly #view: EditorView;
  readonly #log: vscode.LogOutputChannel;

  constructor(inspections: Inspections, view: EditorView, log: vscode.LogOutputChannel) {
    super();
    this.#inspections = inspections;
    this.#view = view;
    this.#log = log;
    this.register(vscode.languages.registerHoverProvider([{ scheme: "file" }, { scheme: "untitled" }], this));
  }

  async provideHover(
    document: vscode.TextDocument,
    position: vscode.Position,
    cancellation: vscode.CancellationToken,
  ): Promise<vscode.Hover | undefined> {
    const offset = document.offsetAt(position);
    for (const inspected of this.#inspections.of(document.uri)) {
      const inText = tokensAt(inspected.tokens, offset);
      const runs = templateRuns(inspected.tokens);
      const run = runs.find(
        ({ offset: end, side }, at) =>
          end === offset || (side === "after" && at === runs.length - 1 && placeAfter(document, end) === offset),
      );
      const tokens = inText.length > 0 ? inText : (run?.tokens ?? []);
      if (tokens.length === 0) continue;
      const markdown = await this.#describe(inspected, tokens.slice(0, MOST_TOKENS), cancellation);
      const place = inText[0]?.place;
      const range =
        place === null || place === undefined
          ? undefined
          : new vscode.Range(document.positionAt(place.start), document.positionAt(place.end));
      return new vscode.Hover(markdown, range);
    }
    return undefined;
  }

  async #describe(
    inspected: InspectedPrompt,
    tokens: readonly PlacedToken[],
    cancellation: vscode.CancellationToken,
  ): Promise<vscode.MarkdownString> {
    const markdown = new vscode.MarkdownString(undefined, true);
    markdown.isTrusted = { enabledCommands: LINKS };
    for (const token of tokens) this.#appendToken(markdown, inspected, token);
    const last = tokens.at(-1);
    if (last !== undefined && !inspected.stale) {
      markdown.appendMarkdown(await this.#nextTokens(inspected, last, cancellation));
    }
    if (inspected.stale) markdown.appendMarkdown("\n\n*The text has changed since this was read.*");
    markdown.appendMarkdown(
      "\n\n[Show in heatmap](command:refract.showHeatmap) | [Reading...](command:refract.chooseReading)",
    );
    return markdown;
  }

  #appendToken(markdown: vscode.MarkdownString, inspected: InspectedPrompt, { token, index }: PlacedToken): void {
    const { inspection, scale, reading } = inspected;
    const layer = this.#view.layerFor(inspected);
    const count = inspection.ledger.tokens.length;
    const profile = Array.from(
      { length: inspection.layers },
      (_, at) => inspection.values[at * count + index] ?? Number.NaN,
    );
    const special = token.special ? ", special" : "";
    const surprisal = inspection.surprisal[index] ?? Number.NaN;
    markdown.appendMarkdown(
      `${code(visibleText(token.text))} id ${token.id}, ${token.role}${special}, position ${index} (${index - count})\n\n`,
    );
    markdown.appendMarkdown(
      `${escaped(reading.label)} at L${layer}: **${formatFigure(profile[layer] ?? Number.NaN)}** ${escaped(reading.unit)}; surprisal ${formatFigure(surprisal)} nats\n\n`,
    );
    const picture = profilePicture(profile, scale, layer, themeKind());
    markdown.appendMarkdown(`![${escaped(reading.label)} over layers 0 to ${inspection.layers - 1}](${picture})\n\n`);
  }

  /** The logit lens and the dictionary need the sidecar; without it the hover says why their lines are missing. */
  async #nextTokens(
    inspected: InspectedPrompt,
    { index }: PlacedToken,
    cancellation: vscode.CancellationToken,
  ): Promise<string> {
    const controller = new AbortController();
    const listening = cancellation.onCancellationRequested(() => controller.abort());
    const layer = this.#view.layerFor(inspected);
    try {
      const cell = await this.#inspections.cell(inspected, layer, index, TOP_TOKENS, controller.signal);
      const tokens = cell.nextTokens.map(
        ({ text, probability }) => `${code(visibleText(text))} ${formatFigure(probability)}`,
      );
      const next = `Next, as layer ${layer} sees it: ${tokens.join(" ")}`;
      if (cell.features.length === 0) return next;
      const features = cell.features
        .slice(0, TOP_FEATURES)
        .map(
          ({ feature, label, activation }) => `${escaped(`#${feature} ${label}`.trim())} ${formatFigure(activation)}`,
        );
      return `${next}\n\nTop features of layer ${cell.features[0]?.layer}: ${features.join(", ")}`;
    } catch (error) {
      this.#log.debug(`hover: ${String(error)}`);
      return "*Next tokens are not at hand: the sidecar did not answer.*";
    } finally {
      listening.dispose();
    }
  }
}

/** Inline code that holds any text. */
function code(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const space = text.startsWith("`") || text.endsWith("`") ? " " : "";
  return `${fence}${space}${text}${space}${fence}`;
}

function escaped(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+!|<>-]/g, "\\$&");
}
