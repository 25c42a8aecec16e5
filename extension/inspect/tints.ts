import * as vscode from "vscode";
import { BUCKETS_PER_SIDE, bucketOf, type DivergingScale } from "../../shared/scale/diverging-scale.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { Disposable } from "../disposable.ts";
import { AttachmentSlots } from "./attachment-slots.ts";
import { bucketStyle } from "./bucket-style.ts";
import { DrawnTypes } from "./drawn-types.ts";
import { placeAfter } from "./place-after.ts";
import { type PlacedToken, templateRuns } from "./placed-token.ts";
import type { ThemeKind } from "./profile-picture.ts";
import { themeKind } from "./theme-kind.ts";
import { tokenLabel } from "./token-label.ts";
import { visibleText } from "./visible-text.ts";

/** One inspected prompt as it is drawn: a value per token at the chosen layer. */
export interface TintedPrompt {
  tokens: readonly PlacedToken[];
  /** `[tokens]` at the chosen layer. */
  values: Float32Array;
  scale: DivergingScale;
  stale: boolean;
  /** What stands after the prompt's last text: `L4 refusal +3.1`. */
  summary: string;
  /** The token that the shared cursor is on; `null` where it is in another prompt. */
  cursor: number | null;
}

/** Lines beyond the visible ones that are tinted too, so that a short scroll shows no bare text. */
const MARGIN_LINES = 20;

/** VS Code draws no further than this in a line (`editor.stopRenderingLineAfter`), so nothing beyond needs a tint. */
const LONGEST_LINE = 10_000;

/** Of the template's last tokens, at whose end refusal is read, only so many are drawn: those nearest to the reply. */
const MOST_ATTACHMENTS = 10;

function quietText(contentText: string): vscode.ThemableDecorationAttachmentRenderOptions {
  return { contentText, color: new vscode.ThemeColor("editorCodeLens.foreground"), margin: "0 1px" };
}

interface StretchOfDocument {
  start: number;
  end: number;
}

function visibleStretches(editor: vscode.TextEditor): StretchOfDocument[] {
  const { document } = editor;
  return editor.visibleRanges.map((range) => {
    const first = Math.max(0, range.start.line - MARGIN_LINES);
    const last = Math.min(document.lineCount - 1, range.end.line + MARGIN_LINES);
    return {
      start: document.offsetAt(new vscode.Position(first, 0)),
      end: document.offsetAt(document.lineAt(last).range.end),
    };
  });
}

/** Draws readings into editors: 33 decoration types for the buckets, one for the template's tokens, one for the line's end, one for the cursor. */
export class Tints extends Disposable {
  #fresh: vscode.TextEditorDecorationType[] = [];
  /** Made when the first reading becomes old. */
  #stale: vscode.TextEditorDecorationType[] = [];
  #theme: ThemeKind = themeKind();
  readonly #drawn = new DrawnTypes();
  readonly #slots = this.register(new AttachmentSlots());
  readonly #cursor = this.register(
    vscode.window.createTextEditorDecorationType({
      outline: "1px solid",
      outlineColor: new vscode.ThemeColor("focusBorder"),
    }),
  );

  constructor() {
    super();
    this.register(vscode.window.onDidChangeActiveColorTheme(() => this.#forgetTypes()));
  }

  override dispose(): void {
    this.#forgetTypes();
    super.dispose();
  }

  /** Replaces everything that is drawn in an editor. Returns the number of ranges, for measurements. */
  draw(editor: vscode.TextEditor, prompts: readonly TintedPrompt[]): number {
    const stretches = visibleStretches(editor);
    const seen = (offset: number) => stretches.some(({ start, end }) => offset >= start && offset <= end);
    const fresh = emptyBuckets();
    const stale = emptyBuckets();
    const attachments: vscode.DecorationOptions[][] = [];
    const cursor: vscode.Range[] = [];
    let count = 0;
    for (const prompt of prompts) {
      const buckets = prompt.stale ? stale : fresh;
      for (const { place, index } of prompt.tokens) {
        if (place === null || place.end === place.start || !seen(place.start)) continue;
        const start = editor.document.positionAt(place.start);
        if (start.character > LONGEST_LINE) continue;
        const range = new vscode.Range(start, editor.document.positionAt(place.end));
        const bucket = bucketOf(prompt.values[index] ?? Number.NaN, prompt.scale);
        if (bucket !== 0) buckets[bucket + BUCKETS_PER_SIDE]?.push(range);
        if (index === prompt.cursor) cursor.push(range);
        count++;
      }
      this.#templateTokens(editor, prompt, seen).forEach((option, slot) => {
        attachments[slot] = [...(attachments[slot] ?? []), option];
      });
    }
    this.#set(editor, this.#types(false), fresh);
    if (this.#stale.length > 0 || stale.some((ranges) => ranges.length > 0))
      this.#set(editor, this.#types(true), stale);
    this.#slots.set(editor, attachments);
    this.#drawn.set(editor, this.#cursor, cursor);
    return count + attachments.flat().length;
  }

  clear(editor: vscode.TextEditor): void {
    for (const type of [...this.#fresh, ...this.#stale, this.#cursor]) this.#drawn.set(editor, type, []);
    this.#slots.set(editor, []);
  }

  /** What stands after (or before) the text, in the order in which it is drawn. */
  #templateTokens(
    editor: vscode.TextEditor,
    prompt: TintedPrompt,
    seen: (offset: number) => boolean,
  ): vscode.DecorationOptions[] {
    const runs = templateRuns(prompt.tokens);
    const options = runs.flatMap((run, at): vscode.DecorationOptions[] => {
      if (!seen(run.offset)) return [];
      const isLast = run.side === "after" && at === runs.length - 1;
      const position = editor.document.positionAt(isLast ? placeAfter(editor.document, run.offset) : run.offset);
      const range = new vscode.Range(position, position);
      // Lines wrap as if attachments had no width: before the text and between messages there is room for a count alone.
      const shown = isLast ? MOST_ATTACHMENTS : 0;
      const folded = run.tokens.slice(0, Math.max(0, run.tokens.length - shown));
      const drawn = run.tokens.slice(folded.length).map(({ token, index }) => ({
        range,
        renderOptions: { [run.side]: this.#attachment(prompt, tokenLabel(token.text), index) },
      }));
      if (folded.length === 0) return drawn;
      const hoverMessage = foldedTokens(prompt, folded);
      return [{ range, hoverMessage, renderOptions: { [run.side]: this.#folded(prompt, folded) } }, ...drawn];
    });
    const last = prompt.tokens.findLast(({ place }) => place !== null)?.place?.end;
    if (last !== undefined && seen(last)) {
      const position = editor.document.positionAt(placeAfter(editor.document, last));
      const contentText = prompt.stale ? `${prompt.summary} (old)` : prompt.summary;
      const after = { ...quietText(contentText), margin: "0 0 0 2em", fontStyle: prompt.stale ? "italic" : "normal" };
      options.push({ range: new vscode.Range(position, position), renderOptions: { after } });
    }
    return options;
  }

  /** `‹3›` for three tokens, tinted like the strongest of them. */
  #folded(prompt: TintedPrompt, tokens: readonly PlacedToken[]): vscode.ThemableDecorationAttachmentRenderOptions {
    const strength = ({ index }: PlacedToken) => Math.abs(bucketOf(prompt.values[index] ?? Number.NaN, prompt.scale));
    const strongest = tokens.reduce((most, token) => (strength(token) > strength(most) ? token : most));
    const here = tokens.find(({ index }) => index === prompt.cursor) ?? strongest;
    return this.#attachment(prompt, `\u2039${tokens.length}\u203a`, here.index);
  }

  #attachment(prompt: TintedPrompt, label: string, index: number): vscode.ThemableDecorationAttachmentRenderOptions {
    const bucket = bucketOf(prompt.values[index] ?? Number.NaN, prompt.scale);
    return {
      ...quietText(label),
      border: index === prompt.cursor ? "1px solid" : "1px dotted",
      ...bucketStyle(bucket, this.#theme, prompt.stale),
    };
  }

  #set(
    editor: vscode.TextEditor,
    types: readonly vscode.TextEditorDecorationType[],
    buckets: readonly vscode.Range[][],
  ): void {
    types.forEach((type, at) => {
      this.#drawn.set(editor, type, buckets[at] ?? []);
    });
  }

  #types(stale: boolean): readonly vscode.TextEditorDecorationType[] {
    const made = stale ? this.#stale : this.#fresh;
    if (made.length > 0) return made;
    for (let bucket = -BUCKETS_PER_SIDE; bucket <= BUCKETS_PER_SIDE; bucket++) {
      made.push(
        vscode.window.createTextEditorDecorationType({
          ...bucketStyle(bucket, this.#theme, stale),
          rangeBehavior: vscode.DecorationRangeBehavior.ClosedClosed,
        }),
      );
    }
    return made;
  }

  #forgetTypes(): void {
    for (const type of [...this.#fresh, ...this.#stale]) type.dispose();
    this.#fresh = [];
    this.#stale = [];
    this.#theme = themeKind();
  }
}

/** What stands behind a count of template tokens: each with its reading at the layer that is shown. */
function foldedTokens({ values }: TintedPrompt, tokens: readonly PlacedToken[]): vscode.MarkdownString {
  const lines = tokens.map(({ token, index }) => {
    const text = visibleText(token.text).replaceAll("`", "'");
    return `- \`${text}\` id ${token.id}, position ${index}: ${formatFigure(values[index] ?? Number.NaN)}`;
  });
  return new vscode.MarkdownString(`The template writes here:\n\n${lines.join("\n")}`);
}

function emptyBuckets(): vscode.Range[][] {
  return Array.from({ length: 2 * BUCKETS_PER_SIDE + 1 }, () => []);
}

/** `L4 refusal +3.1`, for the last token of a prompt. */
export function summaryOf(layer: number, label: string, value: number): string {
  const sign = value > 0 ? "+" : "";
  return `L${layer} ${label} ${sign}${formatFigure(value)}`;
}
