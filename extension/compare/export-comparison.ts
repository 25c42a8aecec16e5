import type { CompareColumn, Comparison } from "../../shared/protocol/pages/compare-messages.ts";
import { formatFigure } from "../../shared/scale/format-figure.ts";

export function replyOf(column: CompareColumn): string {
  return column.tokens.map(({ text }) => text).join("");
}

function meanKl(column: CompareColumn): string {
  const { klToBaseline } = column;
  if (klToBaseline.length === 0) return "\u2013";
  return formatFigure(klToBaseline.reduce((sum, value) => sum + value, 0) / klToBaseline.length);
}

function quoted(text: string): string {
  return text
    .split("\n")
    .map((line) => `> ${line}`)
    .join("\n");
}

/** The comparison as Markdown: the prompt, a table of figures, every reply in full. */
export function comparisonAsMarkdown(comparison: Comparison): string {
  const rows = comparison.columns.map((column) => {
    const effect =
      column.effect === null
        ? "\u2013"
        : `${column.effect.rows} rows, |dx| ${formatFigure(column.effect.relativeChange * 100)}%`;
    const { slider } = column;
    const set = slider === null ? "\u2013" : `${slider.kind} ${formatFigure(slider.value)}`;
    const refusal = column.refusal === null ? "\u2013" : formatFigure(column.refusal);
    return `| ${column.condition} | ${column.describe} | ${set} | ${refusal} | ${meanKl(column)} | ${effect} |`;
  });
  const replies = comparison.columns.map((column) => {
    const warnings = column.warnings.map((warning) => `\n\nWarning: ${warning}`).join("");
    return `## ${column.condition}\n\n${quoted(replyOf(column))}${warnings}`;
  });
  return [
    `# ${comparison.title}`,
    `Model: ${comparison.model}`,
    quoted(comparison.prompt),
    [
      "| condition | edits | set to | refusal | mean KL to baseline (nats) | effect |",
      "| --- | --- | --- | --- | --- | --- |",
      ...rows,
    ].join("\n"),
    ...replies,
    "",
  ].join("\n\n");
}

/** Everything the comparison holds, with each reply as one text as well. */
export function comparisonAsJson(comparison: Comparison): string {
  const columns = comparison.columns.map((column) => ({ ...column, reply: replyOf(column) }));
  return `${JSON.stringify({ ...comparison, columns }, null, 2)}\n`;
}
