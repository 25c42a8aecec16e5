import { html, nothing, type TemplateResult } from "lit";
import type { CompareColumn, Comparison } from "../../shared/protocol/pages/compare-messages.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";
import { valueSlider } from "../ui/value-slider.ts";
import { klStrip } from "./kl-strip.ts";
import { markDifferences } from "./mark-differences.ts";

export interface ColumnActions {
  editAnyway(column: number): void;
  pin(column: number): void;
  remove(column: number): void;
  copy(column: number): void;
  diff(column: number): void;
  slide(column: number, value: number): void;
}

/** One condition: its name and strength, how much it refuses, its reply with the differences marked, and what its edits did. */
export function columnView(
  comparison: Comparison,
  index: number,
  pending: number | undefined,
  actions: ColumnActions,
): TemplateResult {
  const column = comparison.columns[index] as CompareColumn;
  const isBaseline = index === comparison.baseline;
  const unsaid = column.state === "failed" && column.tokens.length === 0;
  return html`<section class=${isBaseline ? "column pinned" : "column"} aria-label="Condition ${column.condition}">
    <h2>${column.condition} ${isBaseline ? html`<span class="quiet">compared with</span>` : nothing}</h2>
    <p class="quiet describe">${column.describe || "no edit"}</p>
    ${slider(column, pending, (value) => actions.slide(index, value))}
    <p class="score">refusal ${column.refusal === null ? html`<span class="quiet">${waitingFor(column)}</span>` : html`<strong>${formatFigure(column.refusal)}</strong>`}</p>
    ${column.before === "" ? nothing : html`<div class="reply old" title="The reply of the run before">${column.before}</div>`}
    ${unsaid || column.before !== "" ? nothing : html`<div class="reply" aria-live=${column.state === "done" ? "polite" : "off"}>${reply(comparison, index)}</div>`}
    ${column.failure ? html`<p class="failure">${column.failure}</p>` : nothing}
    ${column.unconfirmed.length > 0 ? html`<p><vscode-button @click=${() => actions.editAnyway(index)}>Edit anyway</vscode-button></p>` : nothing}
    ${isBaseline || column.klToBaseline.length === 0 ? nothing : strip(comparison, column)}
    <p class="quiet effect">${effect(column)}</p>
    ${column.warnings.map((warning) => html`<p class="warning">${warning}</p>`)}
    <p class="actions">
      ${isBaseline || unsaid ? nothing : html`<vscode-button appearance="secondary" @click=${() => actions.pin(index)}>Compare with this</vscode-button>`}
      ${isBaseline || unsaid ? nothing : html`<vscode-button appearance="secondary" @click=${() => actions.diff(index)}>Diff</vscode-button>`}
      ${unsaid ? nothing : html`<vscode-button appearance="secondary" @click=${() => actions.copy(index)}>Copy</vscode-button>`}
      ${isBaseline ? nothing : html`<vscode-button appearance="secondary" @click=${() => actions.remove(index)}>Remove</vscode-button>`}
    </p>
  </section>`;
}

/** How a slider is called, for eyes and for screen readers. */
const SLIDERS = { strength: "Strength", value: "Clamped to", factor: "Scaled by" } as const;

function slider(
  { slider: range, condition }: CompareColumn,
  pending: number | undefined,
  onChange: (value: number) => void,
): TemplateResult | typeof nothing {
  if (!range) return nothing;
  const value = pending ?? range.value;
  const name = SLIDERS[range.kind];
  const moved = range.kind !== "strength" && value !== range.written;
  return html`${valueSlider({ ...range, value }, { name, label: `${name}: ${condition}` }, onChange)}
    ${moved ? html`<p class="quiet">its file says ${formatFigure(range.written)}</p>` : nothing}`;
}

function reply(comparison: Comparison, index: number): TemplateResult[] {
  const column = comparison.columns[index] as CompareColumn;
  const baseline = comparison.columns[comparison.baseline] as CompareColumn;
  return markDifferences(baseline, column).map((piece) => {
    const tick = piece.diverges ? html`<span class="tick" title="First token that differs">&#x2304;</span>` : nothing;
    return piece.changed ? html`${tick}<ins>${piece.text}</ins>` : html`${tick}<span>${piece.text}</span>`;
  });
}

function strip(comparison: Comparison, column: CompareColumn): TemplateResult {
  const most = Math.max(0, ...comparison.columns.flatMap((each) => each.klToBaseline));
  const baseline = comparison.columns[comparison.baseline] as CompareColumn;
  return html`<p class="quiet kl-label">KL to baseline, up to ${formatFigure(most)} nats</p>
    ${klStrip(column.klToBaseline, baseline.tokens, most)}`;
}

function effect(column: CompareColumn): string {
  const speed = column.tokensPerSecond === null ? "" : `${formatFigure(column.tokensPerSecond)} tok/s`;
  if (!column.effect) return speed;
  const change = `rows ${column.effect.rows}, |dx| ${formatFigure(100 * column.effect.relativeChange)}%`;
  return speed ? `${change}, ${speed}` : change;
}

function waitingFor(column: CompareColumn): string {
  return column.state === "failed" ? "\u2013" : "measuring";
}
