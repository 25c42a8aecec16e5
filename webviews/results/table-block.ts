import { html, type TemplateResult } from "lit";
import type { Cell, TableBlock } from "../../shared/plugin/view-block.ts";
import { evidenceButton, type OpenEvidence } from "./evidence-button.ts";
import { figureText } from "./figure-text.ts";

export function tableBlock(block: TableBlock, open: OpenEvidence): TemplateResult {
  return html`<table>
    <thead>
      <tr>
        ${block.columns.map((column) => html`<th scope="col">${column.label}${column.unit ? ` (${column.unit})` : ""}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${block.rows.map(
        (row) => html`<tr>
          ${row.cells.map((cell, index) => html`<td>${cellContent(cell, index === 0 ? row.evidence : undefined, open)}</td>`)}
        </tr>`,
      )}
    </tbody>
  </table>`;
}

function cellContent(cell: Cell, evidence: string | undefined, open: OpenEvidence): TemplateResult {
  if (typeof cell === "string") return evidenceButton(cell, evidence, open);
  return evidenceButton(figureText(cell, undefined), cell.evidence ?? evidence, open);
}
